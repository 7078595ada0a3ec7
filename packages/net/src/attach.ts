/** A server of Node's own modules, fed by a listener of ours. */
import type { ServerHttp2Session } from 'node:http2'
import { type BlockList, Server as NodeServer } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { promisify } from 'node:util'
import { invalidType } from './arguments.js'
import { nodeError } from './errors.js'
import { showAddresses } from './http/session.js'
import { Server } from './server/server.js'
import { lookAfter } from './tls/below.js'

/** What a server of Node's keeps of the options that it was made with: types have them not. */
interface Kept {
  allowHalfOpen: boolean
  pauseOnConnect: boolean
  noDelay: boolean
  keepAlive: boolean
  /** Seconds. */
  keepAliveInitialDelay: number
  highWaterMark?: number
  blockList?: BlockList
  maxConnections: number | undefined
}

/** What a listener tells of itself: the server says it in its own name. */
const EVENTS = ['listening', 'close', 'error', 'drop'] as const

const attached = new WeakSet<NodeServer>()

/**
 * Has a server of `node:http`, `node:https`, `node:http2` or `node:tls` listen with ours: its connections are then sockets of
 * this package. The server stays what it is; `listen`, `address`, `close`, `listening`, `getConnections`, `maxConnections`,
 * `ref`, `unref` and the events of listening are those of {@link Server}. In a cluster it behaves as that one does.
 *
 * @param server that is not listening. What it was made with (`noDelay`, `keepAlive`, `highWaterMark`, …) holds for its connections
 * @returns the same server
 * @throws TypeError ERR_INVALID_ARG_TYPE for what is no server; Error ERR_SERVER_ALREADY_LISTEN if it listens
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { attach } from '@pollux/net/http'
 *
 * const server = attach(createServer((request, response) => response.end('hello\n')))
 * server.listen(0, () => server.close())
 * ```
 */
export function attach<S extends NodeServer>(server: S): S {
  checkServer(server)
  if (attached.has(server)) return server
  attached.add(server)
  const kept = server as unknown as Kept
  const listener = new Server({
    allowHalfOpen: kept.allowHalfOpen,
    pauseOnConnect: kept.pauseOnConnect,
    noDelay: kept.noDelay,
    keepAlive: kept.keepAlive,
    keepAliveInitialDelay: kept.keepAliveInitialDelay * 1000,
    highWaterMark: kept.highWaterMark,
    blockList: kept.blockList,
  })
  const hasLayer = server instanceof TlsServer
  if (hasLayer) lookAfter(server)
  else server.prependListener('session', (session: ServerHttp2Session) => showAddresses(session))
  listener.on('connection', (socket) => {
    server.emit('connection', socket)
    // The layer of TLS has an end of its own: bytes of it are still to be sent when the peer has ended. It has taken over
    // by now what it is to be itself.
    if (hasLayer) socket.allowHalfOpen = true
  })
  for (const event of EVENTS) listener.on(event, (...args: unknown[]) => server.emit(event, ...args))
  if (kept.maxConnections !== undefined) listener.maxConnections = kept.maxConnections
  listenWith(server, listener)
  return server
}

function checkServer(server: unknown): void {
  if (!(server instanceof NodeServer)) throw invalidType('server', 'an instance of net.Server', server)
  if (!server.listening) return
  const text = 'The server listens already: attach() has to come before listen().'
  throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', text)
}

function listenWith(server: NodeServer, listener: Server): void {
  const { close: ownClose } = server
  const { close: closeListener } = listener
  // Whoever closes the listener (a signal, a worker that disconnects) means the server with all that it looks after.
  listener.close = (callback) => {
    server.close(callback)
    return listener
  }
  Object.assign(server, {
    listen(...args: unknown[]) {
      const callback = args.at(-1)
      if (typeof callback !== 'function') {
        listener.listen(...(args as []))
      } else {
        listener.listen(...(args.slice(0, -1) as []))
        server.once('listening', callback as () => void)
      }
      return server
    },
    close(callback?: (error?: Error) => void) {
      // Its own has to let go of idle connections, and of what it looks after them with.
      ownClose.call(server)
      closeListener.call(
        listener,
        typeof callback === 'function' ? callback.bind(server as never) : undefined,
      )
      return server
    },
    getConnections(callback: (error: Error | null, count: number) => void) {
      listener.getConnections(callback)
      return server
    },
    ref() {
      listener.ref()
      return server
    },
    unref() {
      listener.unref()
      return server
    },
    address: () => listener.address(),
    // Its own would say that it is closed, since it never listened.
    _emitCloseIfDrained() {},
  })
  // That of `node:http` asks nothing of what is not there.
  if (server[Symbol.asyncDispose] === NodeServer.prototype[Symbol.asyncDispose]) {
    server[Symbol.asyncDispose] = async () => {
      if (listener.listening) await promisify(server.close).call(server)
    }
  }
  Object.defineProperties(server, {
    listening: { configurable: true, get: () => listener.listening },
    maxConnections: {
      configurable: true,
      enumerable: true,
      get: () => listener.maxConnections,
      set: (most: number) => {
        listener.maxConnections = most
      },
    },
  })
}
