// @ts-check
/** Runs a program over both modules: what differs, and what no run may ever do. */
import nodeNet from 'node:net'
import * as polluxNet from '@pollux/net'
import { run } from './run.mjs'

/** @typedef {import('./programs.mjs').Program} Program @typedef {import('./run.mjs').Seen} Seen */

/** What a trace says of a socket at rest. */
const STATE = /\{"readyState.*\}/

/**
 * What makes the order of events a matter of chance or of how the event loop works, so that no two traces are compared:
 *
 * - a write or an end to a connection that is gone: Node makes the system call inside of `write`, Pollux at the end of
 *   the turn, when the peer's reset may have come in; and a half-open socket is told of the reset when the kernel
 *   knows, where Node tells it at its next write;
 * - a reset that follows on the heels of the connection (`resetAndDestroy` within the listener of 'connection'): whoever asks
 *   first whether the connection stands is told of the reset by the one and of the connection by the other;
 * - `resetAndDestroy` while an end waits to be sent: Node fails with EINVAL, and sends no reset.
 */
const CHANCE = /EPIPE|write ECONNRESET|connect ECONNRESET|reset EINVAL/

/** What a stream does on its way to 'error'. */
const ON_THE_WAY = /^(pause|unpipe|(wrote|ended) \d+ Error\(read ECONNRESET\).*)$/

/**
 * A reset that comes with the last bytes, or while a socket does not flow: libuv takes a hang-up for the end of the
 * stream, so that Node says 'end' and never tells of the reset, or says nothing before somebody reads on. Ours fails
 * there and then, and closes.
 *
 * @param {string[]} node @param {string[]} pollux
 */
function isSwallowedReset(node, pollux) {
  const at = placeOfDifference(node, pollux)
  if (at < 0) return false
  const isReset = (/** @type {string} */ line) => /^error .*read ECONNRESET/.test(line)
  let told = at
  while (ON_THE_WAY.test(pollux[told] ?? '')) told++
  if (!isReset(pollux[told] ?? '') || !pollux.includes('close true', told)) return false
  if (node[at] === 'end') return !node.slice(at).some(isReset)
  return /^-- /.test(node[at] ?? '')
}

/**
 * What a listener throws stops the queue of ticks, which Node goes on with in an immediate: whether sockets close before that is
 * a matter of the phase that the event loop is in. @param {string[]} trace
 */
function closeLast(trace) {
  const isClose = (/** @type {string} */ line) => /^close\b/.test(line)
  return [...trace.filter((line) => !isClose(line)), ...trace.filter(isClose)]
}

/** Where two traces differ; -1 where they do not. @param {string[]} node @param {string[]} pollux */
function placeOfDifference(node, pollux) {
  const at = node.findIndex((line, i) => line !== pollux[i])
  if (at >= 0 || node.length === pollux.length) return at
  return node.length
}

/** Where the two modules differ: '' where they do not. @param {Program} program */
export async function difference(program) {
  const hasty = await differenceOf(program, false)
  // What one of them had not seen yet because the machine is busy is no difference.
  return hasty === '' ? '' : differenceOf(program, true)
}

/** @param {Program} program @param {boolean} patient */
async function differenceOf(program, patient) {
  const node = await run(nodeNet, program, patient)
  const pollux = await run(/** @type {any} */ (polluxNet), program, patient)
  const found = [broken('client', pollux.client), broken('peer', pollux.peer)]
  const traces = [node.client.trace, node.peer.trace, pollux.client.trace, pollux.peer.trace]
  const isChance =
    traces.some((trace) => trace.some((line) => CHANCE.test(line))) ||
    isSwallowedReset(node.client.trace, pollux.client.trace) ||
    isSwallowedReset(node.peer.trace, pollux.peer.trace)
  if (!isChance) {
    const hasThrown = node.server.some((line) => line.startsWith('uncaught'))
    const inOrder = hasThrown ? closeLast : (/** @type {string[]} */ trace) => trace
    found.push(
      firstDifference('client', inOrder(node.client.trace), inOrder(pollux.client.trace)),
      firstDifference('peer', inOrder(node.peer.trace), inOrder(pollux.peer.trace)),
      firstDifference('server', inOrder(node.server), inOrder(pollux.server)),
    )
  }
  return found.join('')
}

/** @param {string} name @param {string[]} node @param {string[]} pollux */
function firstDifference(name, node, pollux) {
  const first = placeOfDifference(node, pollux)
  if (first < 0) return ''
  const lines = node.slice(0, first).map((line) => `    ${line.replace(STATE, '')}\n`)
  const states = [node[first], pollux[first]].map((line) => line?.match(STATE)?.[0])
  if (states[0] !== undefined && states[1] !== undefined) {
    const [a, b] = states.map((state) => JSON.parse(/** @type {string} */ (state)))
    const fields = Object.keys(a).filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]))
    const told = fields.map(
      (field) => `${field} is ${JSON.stringify(a[field])}, not ${JSON.stringify(b[field])}`,
    )
    return `\n${name}:\n${lines.join('')}  state: ${told.join('; ')}\n`
  }
  for (const [mark, trace] of /** @type {const} */ ([
    ['node  ', node],
    ['pollux', pollux],
  ])) {
    for (const line of trace.slice(first, first + 4)) lines.push(`  ${mark} ${line.replace(STATE, '')}\n`)
  }
  return `\n${name}:\n${lines.join('')}`
}

/**
 * What a program of any size must not do over ours: lose, double or exchange bytes, or say twice what happens once.
 * The pace of two such runs differs, and with it what a destroyed socket had sent.
 *
 * @param {Program} program
 */
export async function misbehaviour(program) {
  const { client, peer } = await run(/** @type {any} */ (polluxNet), program, false)
  return (
    broken('client', client) +
    broken('peer', peer) +
    lost('client', client, peer) +
    lost('peer', peer, client)
  )
}

/** What one end sent and the other did not get. @param {string} name @param {Seen} from @param {Seen} to */
function lost(name, from, to) {
  if (from.isMixed || to.isMixed) return ''
  const sent = Buffer.concat(from.sent)
  const received = Buffer.concat(to.received)
  if (!received.equals(sent.subarray(0, received.length)))
    return `\n${name}: what arrived is not what was sent\n`
  const wasWhole = from.trace.includes('finish') && to.trace.includes('end')
  if (wasWhole && received.length < sent.length)
    return `\n${name}: ${sent.length - received.length} bytes lost\n`
  if (wasWhole && from.last.bytesWritten !== to.last.bytesRead)
    return `\n${name}: bytesWritten is not bytesRead\n`
  return ''
}

/** What must hold of a socket whatever it went through. @param {string} name @param {Seen} seen */
export function broken(name, seen) {
  const events = seen.trace.map((line) => line.split(' ')[0])
  /** @type {string[]} */
  const wrong = []
  for (const event of ['connect', 'ready', 'end', 'finish', 'error', 'close']) {
    if (events.filter((one) => one === event).length > 1) wrong.push(`'${event}' twice`)
  }
  return wrong.length === 0 ? '' : `\n${name}: ${wrong.join(', ')}\n    ${seen.trace.join('\n    ')}\n`
}
