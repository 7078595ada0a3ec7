// @ts-check
/** Runs a program over one module, and writes down what each of its ends saw. */
import { unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deadPort } from '../support/dead-port.mjs'

/**
 * @typedef {import('./programs.mjs').Program} Program
 * @typedef {import('./programs.mjs').End} End
 * @typedef {import('./programs.mjs').Op} Op
 * @typedef {typeof import('node:net')} Net
 *
 * @typedef {object} Seen what one end saw
 * @property {string[]} trace events with their arguments, the outcome of calls, and the state at each rest
 * @property {Buffer[]} sent what `write` and `end` took
 * @property {Buffer[]} received
 * @property {boolean} isMixed whether bytes went in or out that are not in `sent` and `received`
 * @property {Record<string, any>} last the state in the end
 * @typedef {{ client: Seen, peer: Seen, server: string[], uncaught: string[] }} Outcome
 */

/** What is listened to, beside what reads. */
const EVENTS = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connect',
  'ready',
  'end',
  'finish',
  'drain',
  'timeout',
  'pause',
  'resume',
  'pipe',
  'unpipe',
  'error',
  'close',
]

/** Iterations of the event loop without an event, after which everything is said to be at rest. */
const REST_ITERATIONS = 6
/** Longer than an acknowledgement may be delayed, with which Nagle holds back small writes: for programs that seem to differ. */
const LONG_REST_MS = 60
/** The idle time of `expire`, and where it seemed to make a difference: what is on its way must not take as long. */
const TIMEOUT_MS = 4
const LONG_TIMEOUT_MS = 100

const LETTERS = Buffer.from('the quick brown fox jumps over the lazy dog 0123456789 ÄÖÜ €', 'latin1')

const LOOPBACK = { port: 0, host: '127.0.0.1' }

let folderCount = 0

/** @param {Net} net @param {Program} program @param {boolean} patient @returns {Promise<Outcome>} */
export async function run(net, program, patient) {
  const runner = new Runner(net, program, patient)
  process.on('uncaughtException', runner.onUncaught)
  try {
    return await runner.run()
  } finally {
    process.off('uncaughtException', runner.onUncaught)
  }
}

class Runner {
  /** @type {Record<End, EndOf>} */
  ends
  /** @type {string[]} */
  serverTrace = []
  /** @type {string[]} */
  uncaught = []
  /** Counts what happened, to tell when nothing happens any more. */
  happened = 0
  /** @param {Net} net @param {Program} program @param {boolean} patient */
  constructor(net, program, patient) {
    this.net = net
    this.program = program
    this.patient = patient
    this.ends = { client: new EndOf(this, 'client'), peer: new EndOf(this, 'peer') }
  }

  onUncaught = (/** @type {Error} */ error) => {
    this.happened++
    this.uncaught.push(describe(error))
  }

  /** @returns {Promise<Outcome>} */
  async run() {
    const { net, program, ends } = this
    const path = join(tmpdir(), `pollux-random-${process.pid}-${folderCount++}`)
    const isUnix = program.transport === 'unix'
    const isRefused = program.transport === 'refused'
    const { port, close } = isRefused ? deadPort() : await this.listen(isUnix ? { path } : LOOPBACK)
    const client = new net.Socket({ ...program.client })
    client.connect(isUnix ? { path } : { port, host: '127.0.0.1', noDelay: program.client.noDelay })
    ends.client.attach(client)
    for (const op of program.early) await ends.client.perform(op)
    await this.rest('connected')
    for (const [at, step] of program.steps.entries()) {
      ends[step.end].tick(at)
      for (const op of step.ops) await ends[step.end].perform(op)
      await this.rest(`step ${at}`)
    }
    for (const end of [ends.client, ends.peer]) end.socket?.destroy()
    await close()
    await this.rest('in the end')
    if (isUnix) remove(path)
    const { serverTrace, uncaught } = this
    return { client: ends.client.seen(), peer: ends.peer.seen(), server: serverTrace, uncaught }
  }

  /** @param {import('node:net').ListenOptions} where */
  async listen(where) {
    const server = this.net.createServer({ ...this.program.server }, (socket) => {
      this.say('connection')
      this.ends.peer.attach(socket)
    })
    for (const event of ['error', 'close', 'drop']) {
      server.on(event, (/** @type {unknown[]} */ ...args) => this.say(`${event} ${args.map(describe)}`))
    }
    await new Promise((resolve) => server.listen(where, () => resolve(0)))
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    return { port, close: () => new Promise((resolve) => server.close(resolve)) }
  }

  /** @param {string} line */
  say(line) {
    this.happened++
    this.serverTrace.push(line)
  }

  /** Waits until nothing happens any more, and writes down how things stand. @param {string} when */
  async rest(when) {
    let quiet = 0
    while (quiet < REST_ITERATIONS) {
      const { happened } = this
      await new Promise((resolve) => setImmediate(resolve))
      quiet = happened === this.happened ? quiet + 1 : 0
      if (this.patient && quiet === REST_ITERATIONS) {
        await new Promise((resolve) => setTimeout(resolve, LONG_REST_MS))
        if (happened !== this.happened) quiet = 0
      }
    }
    this.ends.client.rest(when)
    this.ends.peer.rest(when)
  }
}

class EndOf {
  /** @type {import('node:net').Socket | null} */
  socket = null
  /** @type {string[]} */
  trace = []
  /** @type {Buffer[]} */
  sent = []
  /** @type {Buffer[]} */
  received = []
  isMixed = false
  writes = 0
  /** Bytes of `data` since the last line: how they were cut into chunks is nobody's business. */
  arrived = 0
  /** @type {(() => void) | null} */
  onIdle = null
  /** @type {Set<string>} */
  reacted = new Set()

  /** @param {Runner} runner @param {End} name */
  constructor(runner, name) {
    this.runner = runner
    this.name = name
  }

  /** @param {import('node:net').Socket} socket */
  attach(socket) {
    this.socket = socket
    for (const event of EVENTS) {
      socket.on(event, (/** @type {unknown[]} */ ...args) => {
        // Before what may throw.
        if (event === 'timeout' || event === 'close' || isFailedReset(args[0])) this.onIdle?.()
        this.say(event, event === 'pipe' || event === 'unpipe' ? '' : args.map(describe).join(' '))
      })
    }
    switch (this.runner.program.readers[this.name]) {
      case 'data':
        socket.on('data', (chunk) => this.took(chunk, 'data'))
        break
      case 'readable':
        socket.on('readable', () => {
          for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) this.took(chunk, 'data')
        })
        break
      case 'echo':
        this.isMixed = true
        socket.pipe(socket)
        break
    }
  }

  /** @param {string | Buffer} chunk @param {string} how */
  took(chunk, how) {
    this.runner.happened++
    if (typeof chunk === 'string') this.isMixed = true
    else this.received.push(Buffer.from(chunk))
    this.arrived += chunk.length
    this.react(how)
  }

  /** @param {string} event @param {string} args */
  say(event, args = '') {
    this.runner.happened++
    this.flush()
    this.trace.push(args === '' ? event : `${event} ${args}`)
    this.react(event)
  }

  flush() {
    if (this.arrived > 0) this.trace.push(`took ${this.arrived}`)
    this.arrived = 0
  }

  /** @param {string} event */
  react(event) {
    if (this.reacted.has(event)) return
    this.reacted.add(event)
    for (const reaction of this.runner.program.reactions) {
      if (reaction.end !== this.name || reaction.event !== event) continue
      for (const op of reaction.ops) {
        if (op.name === 'throw') {
          this.trace.push('throws')
          throw new Error('thrown by a listener')
        }
        if (op.name !== 'expire') void this.perform(op)
      }
    }
  }

  /** @param {number} at */
  tick(at) {
    this.flush()
    if (!this.trace.at(-1)?.startsWith(`-- ${at}`)) this.trace.push(`-- ${at}`)
  }

  /** Makes one call; what it says is part of the trace. @param {Op} op @returns {void | Promise<void>} */
  perform({ name, args }) {
    const { socket } = this
    if (socket === null) {
      this.trace.push(`${name}: no socket`)
      return
    }
    if (name === 'throw') return
    if (name === 'expire') return this.expire(socket)
    try {
      const result = this.call(socket, name, args)
      this.flush()
      this.trace.push(`${name}(${args}): ${result === socket ? 'this' : describe(result)}`)
    } catch (error) {
      this.flush()
      this.trace.push(`${name}(${args}) threw ${describe(error)}`)
    }
    this.runner.happened++
  }

  /** @param {import('node:net').Socket} socket @param {string} name @param {any[]} args @returns {unknown} */
  call(socket, name, args) {
    switch (name) {
      case 'write': {
        if (args.length === 1) return socket.write(args[0], this.callbackOf('wrote'))
        const [data, encoding, bytes] = this.payload(args[0], args[1])
        const wasWritable = socket.writable
        const result = socket.write(data, encoding, this.callbackOf('wrote'))
        if (wasWritable) this.sent.push(bytes)
        return result
      }
      case 'end': {
        if (args.length === 0) return socket.end(this.callbackOf('ended'))
        const [data, encoding, bytes] = this.payload(args[0], args[1])
        if (socket.writable) this.sent.push(bytes)
        return socket.end(data, encoding, this.callbackOf('ended'))
      }
      case 'destroy':
        return args.length === 0 ? socket.destroy() : socket.destroy(new Error('destroyed by the program'))
      case 'read': {
        const chunk = socket.read(...args)
        if (chunk !== null) this.took(chunk, 'read')
        return typeof chunk === 'string' || chunk === null ? chunk : chunk.length
      }
      case 'unshift':
        this.isMixed = true
        return socket.unshift(Buffer.from('abc'))
      case 'stopListening':
        socket.removeAllListeners('data')
        return socket.removeAllListeners('readable')
      case 'setTimeout':
        // The idle time that `expire` waits for will not come.
        this.onIdle?.()
        return /** @type {any} */ (socket).setTimeout(...args)
      case 'address':
        return Object.keys(socket.address())
      default:
        return /** @type {any} */ (socket)[name](...args)
    }
  }

  /** Waits for the idle timeout, if it can come. @param {import('node:net').Socket} socket @returns {Promise<void>} */
  async expire(socket) {
    const idle = new Promise((resolve) => {
      this.onIdle = () => resolve(undefined)
    })
    socket.setTimeout(this.runner.patient ? LONG_TIMEOUT_MS : TIMEOUT_MS)
    if (!socket.destroyed) await idle
    this.onIdle = null
    socket.setTimeout(0)
  }

  /** @param {string} what @returns {any} */
  callbackOf(what) {
    const number = this.writes++
    return (/** @type {Error | null | undefined} */ error) => {
      this.say(what, `${number} ${error ? describe(error) : 'done'}`)
    }
  }

  /** @param {number} length @param {string} kind @returns {[any, BufferEncoding | undefined, Buffer]} */
  payload(length, kind) {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at += LETTERS.length) LETTERS.copy(bytes, at)
    // Distinct enough to see when two are exchanged.
    if (length > 0) bytes[0] = 0x41 + (this.writes % 26)
    if (kind === 'buffer') return [bytes, undefined, bytes]
    if (kind === 'uint8array') return [new Uint8Array(bytes), undefined, bytes]
    const encoding = /** @type {BufferEncoding} */ (kind)
    const text = bytes.toString(encoding)
    return [text, encoding, Buffer.from(text, encoding)]
  }

  /** @param {string} when */
  rest(when) {
    this.flush()
    this.trace.push(
      `-- ${when}: ${this.socket === null ? 'no socket' : JSON.stringify(stateOf(this.socket))}`,
    )
  }

  /** @returns {Seen} */
  seen() {
    const { trace, sent, received, isMixed } = this
    return { trace, sent, received, isMixed, last: this.socket === null ? {} : stateOf(this.socket) }
  }
}

const PROPERTIES = /** @type {const} */ ([
  ...['readyState', 'destroyed', 'connecting', 'pending', 'bytesRead', 'bytesWritten', 'closed'],
  ...['readable', 'readableEnded', 'readableFlowing', 'readableLength', 'readableHighWaterMark'],
  ...['readableAborted', 'readableDidRead'],
  ...['writable', 'writableEnded', 'writableFinished', 'writableLength', 'writableNeedDrain'],
  ...['writableAborted', 'writableCorked', 'localFamily', 'localAddress', 'timeout', 'bufferSize'],
])

/** What a program can ask of a socket. @param {import('node:net').Socket} socket @returns {Record<string, any>} */
function stateOf(socket) {
  return {
    ...Object.fromEntries(PROPERTIES.map((name) => [name, /** @type {any} */ (socket)[name]])),
    isPaused: socket.isPaused(),
    hasPort: typeof socket.localPort,
    errored: socket.errored === null ? null : describe(socket.errored),
  }
}

/** A value as it is compared: without what differs from run to run. @param {unknown} value @returns {string} */
function describe(value) {
  if (value instanceof Error) {
    const { code, syscall, errno, address, port } = /** @type {any} */ (value)
    const extra = Object.entries({ code, syscall, errno, address, port: port && 'port' })
    const shown = extra.filter(([, field]) => field !== undefined).map(([name, field]) => `${name}=${field}`)
    return normal(`${value.name}(${value.message})[${shown}]`)
  }
  if (value !== null && typeof value === 'object') return value.constructor?.name ?? 'object'
  return normal(String(value))
}

/** @param {string} text */
function normal(text) {
  return text
    .replace(/(127\.0\.0\.1:)\d+/g, '$1port')
    .replace(/^\d{4,5}$/, 'port')
    .replace(/\/\S*pollux-random-[\d-]+/g, 'path')
}

/** Node cannot reset a socket whose end waits to be sent, and never says 'close' of it. @param {unknown} error */
function isFailedReset(error) {
  return error instanceof Error && error.message === 'reset EINVAL'
}

/** @param {string} path */
function remove(path) {
  try {
    unlinkSync(path)
  } catch {
    // Node removes it when it closes the server.
  }
}
