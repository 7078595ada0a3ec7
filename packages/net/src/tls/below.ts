/**
 * The connection below a layer of TLS. To that layer it is any stream at all (which is how Node takes what is not its own),
 * so that the layer knows neither its addresses nor its options: it is told here.
 */
import type { EventEmitter } from 'node:events'
import type { NetConnectOpts } from 'node:net'
import { type Server, TLSSocket } from 'node:tls'
import { connect } from '../index.js'
import type { Socket } from '../types.js'
import { readInto } from './reading.js'

/** Where Node keeps the stream below: not documented, and the same in all versions (tested). */
interface LayerInside {
  _handle: { _parentWrap?: EventEmitter & { stream?: Socket } } | null
}

const below = new WeakMap<TLSSocket, Socket>()
const secured = new WeakSet<Socket>()

/**
 * Connects, and puts a layer of TLS on. The layer counts the time, and has an end of its own: bytes of it are still to be sent
 * when the peer has ended, so that the connection is half-open from when the layer has taken over what it is to be itself.
 */
export function connectBelow<Layer>(options: object, layerOn: (socket: Socket) => Layer): Layer {
  const { timeout, onread } = options as { timeout?: number; onread?: unknown }
  const forLayer = { timeout: undefined, onread: undefined, signal: undefined }
  const socket = connect({ ...options, ...forLayer } as NetConnectOpts)
  const layer = layerOrNothing(socket, layerOn)
  socket.allowHalfOpen = true
  if (!(layer instanceof TLSSocket)) return layer
  if (timeout) layer.setTimeout(timeout)
  readInto(layer, onread)
  tellHowConnectingGoes(layer, socket)
  return putOn(layer, socket)
}

/** The same for a connection that is there already, or on its way, and that the user goes on to own. */
export function putOver(layer: TLSSocket, socket: Socket): TLSSocket {
  socket.allowHalfOpen = true
  if (socket.connecting) tellWhenConnected(layer, socket, ['connect'])
  return putOn(layer, socket)
}

/** Where the layer's options are wrong, nobody would ever know of the connection. */
function layerOrNothing<Layer>(socket: Socket, layerOn: (socket: Socket) => Layer): Layer {
  try {
    return layerOn(socket)
  } catch (error) {
    socket.on('error', () => {}).destroy()
    throw error
  }
}

/** What a layer that connects by itself says until it is connected. */
function tellHowConnectingGoes(layer: TLSSocket, socket: Socket): void {
  for (const event of CONNECTING) {
    socket.on(event, (...args: unknown[]) => (layer as EventEmitter).emit(event, ...args))
  }
  tellWhenConnected(layer, socket, ['connect', 'ready'])
}

function tellWhenConnected(layer: TLSSocket, socket: Socket, events: readonly string[]): void {
  const inside = layer as TLSSocket & { connecting: boolean }
  inside.connecting = true
  // Before the layer's own listeners: its handshake begins then.
  socket.prependOnceListener('connect', () => {
    inside.connecting = false
    for (const event of events) inside.emit(event)
  })
}

/** Has a layer tell the addresses of the connection below it, hand its options on, and end as that one does. */
function putOn<Layer extends TLSSocket>(layer: Layer, socket: Socket): Layer {
  below.set(layer, socket)
  socket.prependListener('error', (error) => {
    // The layer would say it, and close as if nothing had been.
    const between = (layer as unknown as LayerInside)._handle?._parentWrap
    between?.removeAllListeners('error').on('error', () => {})
    layer.destroy(error)
  })
  return Object.defineProperties(layer, HANDED_ON)
}

/** Looks after the connections that a server of Node puts its layer on. */
export function lookAfter(server: Server): void {
  server.prependListener('secureConnection', (layer: TLSSocket) => {
    const socket = (layer as unknown as LayerInside)._handle?._parentWrap?.stream
    if (socket === undefined) return
    secured.add(socket)
    putOn(layer, socket)
  })
  server.prependListener('connection', (socket: Socket) => {
    // Who leaves in the midst of the handshake is not waited for: the layer alone would, for all of `handshakeTimeout`.
    socket.once('end', () => {
      if (!secured.has(socket)) socket.destroy()
    })
  })
}

/** Events of connecting that come more often than once, or not at all. */
const CONNECTING = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
] as const

const ADDRESSES = [
  'localAddress',
  'localPort',
  'localFamily',
  'remoteAddress',
  'remotePort',
  'remoteFamily',
] as const
const CALLS = ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const

const HANDED_ON: PropertyDescriptorMap = {}
for (const name of ADDRESSES) {
  HANDED_ON[name] = {
    configurable: true,
    get(this: TLSSocket) {
      return below.get(this)?.[name]
    },
  }
}
for (const name of CALLS) {
  HANDED_ON[name] = {
    configurable: true,
    writable: true,
    value(this: TLSSocket, ...args: never[]) {
      const socket = below.get(this) as Socket
      socket[name](...args)
      return this
    },
  }
}
HANDED_ON.address = {
  configurable: true,
  writable: true,
  value(this: TLSSocket) {
    return below.get(this)?.address()
  },
}
