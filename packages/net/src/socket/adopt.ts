/** A socket that somebody else opened, by its descriptor. */
import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
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
    if (error instanceof SocketError && NO_STREAM_SOCKET.has(error.code)) {
      throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${typeOf(descriptor)}`)
    }
    if (error instanceof SocketError && error.errno !== undefined) throw errnoError(error.errno, 'open')
    throw error
  }
}

const NO_STREAM_SOCKET: ReadonlySet<string> = new Set(['EBADF', 'ENOTSOCK', 'EPROTOTYPE'])

/** What a descriptor is that is no stream socket, in the words of Node's error. */
function typeOf(fd: number): string {
  if (isatty(fd)) return 'TTY'
  try {
    const stats = fstatSync(fd)
    if (stats.isFile() || stats.isCharacterDevice()) return 'FILE'
    if (stats.isFIFO()) return 'PIPE'
    return stats.isSocket() ? 'UDP' : 'UNKNOWN'
  } catch {
    return 'UNKNOWN'
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
