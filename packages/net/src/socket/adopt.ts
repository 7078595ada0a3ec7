/** A socket that somebody else opened, by its descriptor. */
import { ChannelSocket, EventLoop, SocketError } from '@pollux/core'
import { checkInt32 } from '../arguments.js'
import { errnoError, nodeError } from '../errors.js'
import { Wire } from '../wire.js'

/** A descriptor that somebody else opened. @throws where it is no stream socket */
export function adopt(fd: unknown): Wire {
  const descriptor = checkInt32(fd, 'fd', 0)
  try {
    const socket = takeOver(descriptor)
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

const STDERR = 2

/**
 * The socket of a descriptor, which is closed with it; those of the standard streams stay open, as with libuv: the next
 * file to be opened would become the program's output.
 */
export function takeOver(fd: number): ChannelSocket {
  const loop = EventLoop.default()
  return fd <= STDERR ? ChannelSocket.duplicate(fd, loop) : ChannelSocket.adopt(fd, loop)
}
