/**
 * An HTTP/2 session without TLS on a socket of ours: to Node that is any stream at all, which it wraps in a socket of its own, and
 * that one knows no addresses.
 */
import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from '../types.js'

/** The socket that Node makes around a stream, and what its addresses come from: not documented, and the same in all versions (tested). */
interface Wrapping {
  stream?: Socket
  _getsockname(): object
  _getpeername(): object
}

/** Has `session.socket` tell the addresses of the socket below. */
export function showAddresses(session: ServerHttp2Session): void {
  const socket = session.socket as unknown as Wrapping
  const { stream } = socket
  if (stream === undefined) return
  socket._getsockname = () => {
    const { localAddress: address, localFamily: family, localPort: port } = stream
    return { address, family, port }
  }
  socket._getpeername = () => {
    const { remoteAddress: address, remoteFamily: family, remotePort: port } = stream
    return { address, family, port }
  }
}
