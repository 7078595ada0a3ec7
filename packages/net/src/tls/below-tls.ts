import type { NetConnectOpts } from 'node:net'
import { connect } from '../index.js'
import type { Socket } from '../socket.js'

/**
 * The connection that a layer of TLS is put on. That layer counts the time, and has an end of its own: bytes of it are still
 * to be sent when the peer has ended.
 */
export function connectBelowTls(options: object): Socket {
  return connect({ ...options, timeout: undefined, allowHalfOpen: true } as NetConnectOpts)
}
