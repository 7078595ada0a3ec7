/** Sockets that the service manager has opened for this process: sd_listen_fds(3). */

import { SocketError } from '../errors.js'
import { native } from '../native.js'
import { failureMessage } from '../system-error.js'
import { Socket, type SocketOptions } from './socket.js'

/** The first descriptor that is passed on (SD_LISTEN_FDS_START). */
const FIRST_FD = 3

/** What sd_listen_fds_with_names(3) calls a descriptor without a name. */
const NO_NAME = 'unknown'

/** A socket, and the name that its unit gives it (FileDescriptorName= of systemd.socket(5)). */
export interface InheritedSocket {
  name: string
  socket: Socket
}

/**
 * Takes over the sockets that were passed to this process in the environment variables LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES (sd_listen_fds(3)): bound, and where they are streams listening already. None where the variables are
 * not set, or meant for another process. The variables are removed, so that no child takes them for its own: the second
 * call gives none.
 *
 * @throws SocketError EINVAL (a variable makes no sense), ENOTSOCK, EBADF; then nothing was taken over
 *
 * @example
 * ```ts
 * const [{ socket }] = inheritedSockets()
 * for await (const connection of socket) serve(connection)
 * ```
 */
export function inheritedSockets(options: SocketOptions = {}): InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env
  if (LISTEN_PID === undefined || LISTEN_FDS === undefined) return []
  if (numberOf(LISTEN_PID, 'LISTEN_PID') !== process.pid) return []
  const count = numberOf(LISTEN_FDS, 'LISTEN_FDS')
  const names = LISTEN_FDNAMES === undefined ? [] : LISTEN_FDNAMES.split(':')
  if (LISTEN_FDNAMES !== undefined && names.length !== count)
    throw senseless('LISTEN_FDNAMES', LISTEN_FDNAMES)
  const sockets: InheritedSocket[] = []
  try {
    for (let index = 0; index < count; index++) {
      const socket = Socket.fromFd(FIRST_FD + index, options)
      sockets.push({ name: names[index] || NO_NAME, socket })
    }
  } catch (error) {
    for (const { socket } of sockets) socket.detach()
    throw error
  }
  delete process.env.LISTEN_PID
  delete process.env.LISTEN_FDS
  delete process.env.LISTEN_FDNAMES
  return sockets
}

function numberOf(text: string, name: string): number {
  if (!/^\d{1,9}$/.test(text)) throw senseless(name, text)
  return Number(text)
}

function senseless(name: string, value: string): SocketError {
  return new SocketError(failureMessage('sd_listen_fds', '', `${name} is '${value}'`, 'EINVAL'), {
    code: 'EINVAL',
    errno: -native.errorNumber('EINVAL'),
    syscall: 'sd_listen_fds',
  })
}
