// For programs that run over node:net and over ours, and tell what happens in lines that can be compared.

/** The module that the first argument names. @returns {Promise<typeof import('node:net')>} */
export async function moduleUnderTest() {
  return process.argv[2] === 'ours'
    ? /** @type {any} */ (await import('@pollux/net'))
    : await import('node:net')
}

/** @type {[text: string, name: string][]} */
const names = []

/** A port, a folder: what differs from run to run is told by this name. @param {unknown} text @param {string} name */
export function callIt(text, name) {
  names.push([String(text), name])
}

/** One line. @param {...unknown} parts */
export function tell(...parts) {
  let line = parts.map((part) => (typeof part === 'string' ? part : show(part))).join(' ')
  for (const [text, name] of names) line = line.replaceAll(text, name)
  console.log(JSON.stringify(line))
}

/** All that a program can see of a value. @param {any} value @returns {string} */
export function show(value) {
  if (typeof value === 'function') return 'a function'
  if (!(value instanceof Error)) return JSON.stringify(value) ?? 'undefined'
  const { errors = [], ...properties } = /** @type {any} */ (value)
  const stack = value.stack?.split('\n', 1)[0]
  const parts = [value.constructor.name, value.name, String(value), stack, JSON.stringify(properties)]
  return `${parts.join(' | ')}${errors.map((/** @type {unknown} */ error) => ` [${show(error)}]`).join('')}`
}

/** @param {import('node:events').EventEmitter} emitter @param {string[]} events @param {(line: string) => void} add */
export function follow(emitter, events, add) {
  for (const event of events) {
    emitter.on(event, (...args) => add(`${event}(${args.map((arg) => show(plain(arg))).join(', ')})`))
  }
}

/** @param {unknown} value */
const plain = (value) => (Buffer.isBuffer(value) ? value.toString() : value)

/** Turns of the event loop in which what a loopback connection has to tell comes, whatever it is. */
const TURNS = 20

/**
 * Acts after so many milliseconds, and turns of the event loop: on a busy machine a timer is late, and then it comes before
 * the events that have been waiting for longer.
 *
 * @param {number} milliseconds @param {() => void} act
 */
export function later(milliseconds, act) {
  let turns = TURNS
  const turn = () => (--turns < 0 ? act() : setImmediate(turn))
  setTimeout(turn, milliseconds)
}

/** Once the events of this turn and of the next are through. */
export const settled = () => new Promise((resolve) => later(5, () => resolve(undefined)))

/** A socket that is destroyed where nothing else ends it; @param {import('node:net').Socket} socket */
export const closed = (socket) => new Promise((resolve) => socket.once('close', resolve))
