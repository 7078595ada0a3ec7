/** A socket that somebody else opened, by its descriptor. */
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import { checkInt32 } from '../arguments.js'
import { errnoError, nodeError } from '../errors.js'
import { Wire } from '../wire.js'

/** A descriptor that somebody else opened. @throws where it is no stream socket */
export function adopt(fd: unknown): Wire {
  const descriptor = checkInt32(fd, 'fd', 0)
  try {
    const socket = ChannelSocket.adopt(descriptor, EventLoop.default())
    const wire = Wire.on(socket, socket.localAddress.family === 'Unix', null)
    socket.open(false)
    socket.release()
    return wire
  } catch (error) {
    if (error instanceof SocketError && error.code === 'ENOTSOCK') {
      throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', 'Unsupported fd type: UNKNOWN')
    }
    if (error instanceof SocketError && error.errno !== undefined) throw errnoError(error.errno, 'open')
    throw error
  }
}
