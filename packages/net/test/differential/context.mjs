// What a program of the corpus is given: a module to use, and a notebook for each of those that it watches. What happens
// at two ends of a connection has no common order, so that each end has a page of its own.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { deadPort } from '../support/dead-port.mjs'
import { show } from '../support/trace.mjs'

/** @typedef {typeof import('node:net')} Net */
/** @typedef {import('node:net').Socket} Socket */
/** @typedef {import('node:net').Server} Server */
/** @typedef {Record<string, string[]>} Trace */

const EVENTS = ['connect', 'ready', 'end', 'error', 'timeout', 'finish', 'close']
const SERVER_EVENTS = ['listening', 'error', 'close', 'drop']

export class Context {
  /** @type {Trace} */
  trace = {}
  /** @type {[pattern: RegExp, name: string][]} */
  #names = []
  /** @type {(() => void)[]} */
  #endings = []

  /** @param {Net} net */
  constructor(net) {
    this.net = net
  }

  /** A line on somebody's page; texts are written as they are. @param {string} who @param {...unknown} parts */
  say(who, ...parts) {
    let line = parts.map((part) => (typeof part === 'string' ? part : show(part))).join(' ')
    for (const [pattern, name] of this.#names) line = line.replaceAll(pattern, name)
    this.trace[who] = [...(this.trace[who] ?? []), line]
  }

  /** What a call gives, or the error that it throws. @param {string} who @param {() => unknown} call */
  try(who, call) {
    try {
      const value = call()
      this.say(who, 'gives', isPlain(value) ? value : typeof value)
    } catch (error) {
      this.say(who, 'throws', error)
    }
  }

  /** A port, a folder: what differs from run to run is written by this name. @param {unknown} text @param {string} name */
  call(text, name) {
    const literally = String(text).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    this.#names.push([new RegExp(`(?<!\\d)${literally}(?!\\d)`, 'g'), name])
  }

  /**
   * Events, with their arguments. @template {import('node:events').EventEmitter} T
   * @param {string} who @param {T} emitter @param {string[]} [events] @returns {T}
   */
  follow(who, emitter, events = 'write' in emitter ? EVENTS : SERVER_EVENTS) {
    for (const event of events) {
      emitter.on(event, (...args) => this.say(who, `${event}(${args.map(argument).join(', ')})`))
    }
    return emitter
  }

  /** All that is read, as one line once it has ended. @param {string} who @param {Socket} socket */
  read(who, socket) {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.once('end', () => this.say(who, 'read', text))
    return socket
  }

  /** Ended after the program, however that went. @template {Socket | Server} T @param {T} end @returns {T} */
  hold(end) {
    this.#endings.push(() => ('destroy' in end ? end.destroy() : end.close()))
    return end
  }

  /** A server that listens. @param {import('node:net').ServerOpts} [options] @param {object} [listen] */
  async serve(options = {}, listen = { port: 0, host: '127.0.0.1' }) {
    const server = this.hold(this.net.createServer(options))
    server.on('connection', (socket) => void this.hold(socket).on('error', () => {}))
    server.listen(listen)
    await once(server, 'listening')
    if (this.port(server) > 0) this.call(this.port(server), 'PORT')
    return server
  }

  /** @param {Server} server */
  port(server) {
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  /** A port that nobody listens on. */
  closedPort() {
    const { port, close } = deadPort()
    this.#endings.push(close)
    this.call(port, 'CLOSED')
    return port
  }

  /** A client that is not yet connected. @param {Server} server @param {object} [options] @returns {Socket} */
  connect(server, options = {}) {
    return this.hold(this.net.connect({ port: this.port(server), host: '127.0.0.1', ...options }))
  }

  /**
   * Two ends, both connected.
   * @param {import('node:net').ServerOpts} [options] @param {object} [clientOptions]
   */
  async pair(options, clientOptions) {
    const server = await this.serve(options)
    const client = this.connect(server, clientOptions)
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    this.call(client.localPort, 'CLIENT')
    return { server, client, accepted: /** @type {Socket} */ (accepted) }
  }

  /** A folder for paths, gone after the program. */
  folder() {
    const folder = mkdtempSync(`${tmpdir()}/pollux-`)
    this.#endings.push(() => rmSync(folder, { recursive: true, force: true }))
    this.call(folder, 'FOLDER')
    return folder
  }

  end() {
    for (const ending of this.#endings.reverse()) ending()
  }
}

/** Events and all that follows from them. @param {import('node:events').EventEmitter} emitter @param {string} event */
export const until = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve))

/** The next turn of the event loop, `times` times. */
export async function turns(times = 3) {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** @param {any} arg */
function argument(arg) {
  if (Buffer.isBuffer(arg)) return `<${arg}>`
  return typeof arg?.write === 'function' ? 'a socket' : show(arg)
}

/** @param {unknown} value */
const isPlain = (value) =>
  typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === Object.prototype
