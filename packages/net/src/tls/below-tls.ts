import type { NetConnectOpts } from 'node:net'
import { connect } from '../index.js'
import type { Socket } from '../socket.js'

/**
 * A connection with a layer of TLS on it. The layer counts the time, and has an end of its own: bytes of it are still to be
 * sent when the peer has ended. So the connection is half-open, but not before the layer has taken over from it what the
 * layer itself is to be.
 */
export function connectBelowTls<Layer>(options: object, layUpon: (socket: Socket) => Layer): Layer {
  const socket = connect({ ...options, timeout: undefined } as NetConnectOpts)
  const layer = layUpon(socket)
  socket.allowHalfOpen = true
  return layer
}
