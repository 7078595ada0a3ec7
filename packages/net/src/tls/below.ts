/**
 * The connection below a layer of TLS. To that layer it is any stream at all (which is how Node takes what is not its own),
 * so that the layer knows neither its addresses nor its options: it is told here.
 */
import type { EventEmitter } from 'node:events'
import type { NetConnectOpts } from 'node:net'
import { type Server, TLSSocket } from 'node:tls'
import { connect } from '../index.js'
import type { Socket } from '../types.js'

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
  const { timeout } = options as { timeout?: number }
  const socket = connect({ ...options, timeout: undefined } as NetConnectOpts)
  const layer = layerOn(socket)
  socket.allowHalfOpen = true
  if (!(layer instanceof TLSSocket)) return layer
  if (timeout) layer.setTimeout(timeout)
  tellHowConnectingGoes(layer, socket)
  return putOn(layer, socket)
}

/** What a layer that connects by itself says until it is connected. */
function tellHowConnectingGoes(layer: TLSSocket, socket: Socket): void {
  const inside = layer as TLSSocket & { connecting: boolean }
  inside.connecting = true
  for (const event of CONNECTING) {
    socket.on(event, (...args: unknown[]) => inside.emit(event, ...args))
  }
  // Before the layer's own listeners: its handshake begins then.
  socket.prependOnceListener('connect', () => {
    inside.connecting = false
    inside.emit('connect')
    inside.emit('ready')
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
