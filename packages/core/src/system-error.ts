/** Turns the `-errno` of the addon into errors that a person can act on. */
import { Syscall } from '@pollux/native-poll'
import { type Endpoint, isUnix, shortAddress } from './address.js'
import { SocketError, type SocketErrorDetails } from './errors.js'
import { native } from './native.js'

/**
 * The error of a failed system call.
 *
 * @param errno of either sign
 * @param syscall its name, as in section 2 of the manual
 * @param endpoint what it was about
 */
export function systemError(errno: number, syscall: string, endpoint?: Endpoint): SocketError {
  const number = Math.abs(errno)
  const code = native.errorName(number)
  const details: SocketErrorDetails = { code, errno: -number, syscall }
  let message = `${syscall} ${code}`
  if (endpoint !== undefined) {
    const where = shortAddress(endpoint)
    // A Unix socket that was never bound has no name.
    if (where !== '') message += ` ${where}`
    if (isUnix(endpoint)) {
      details.address = endpoint.path
    } else {
      details.address = endpoint.host
      details.port = endpoint.port
    }
  }
  const text = native.errorText(number)
  const hint = adviceFor(code, syscall, endpoint)
  message += `: ${text.charAt(0).toLowerCase()}${text.slice(1)}${hint === '' ? '' : `; ${hint}`}`
  return new SocketError(message, details)
}

/** The name of the system call that an ERROR event speaks of. */
export function syscallName(code: number): string {
  for (const [name, value] of Object.entries(Syscall)) {
    if (value === code) return name
  }
  return 'socket'
}

/** What to do about it, where that is not plain from the error's name. */
function adviceFor(code: string, syscall: string, endpoint: Endpoint | undefined): string {
  const unix = endpoint !== undefined && isUnix(endpoint)
  switch (code) {
    case 'EACCES':
      if (unix) return "look at the permissions of the path's directories"
      return syscall === 'bind' && endpoint !== undefined && endpoint.port < 1024
        ? 'ports below 1024 need the capability CAP_NET_BIND_SERVICE'
        : ''
    case 'EADDRINUSE':
      if (unix) return 'another process listens there, or a file that is not a socket has that name'
      return 'another socket has that port; port 0 takes a free one'
    case 'EADDRNOTAVAIL':
      return syscall === 'bind' ? 'no interface of this machine has that address' : ''
    case 'ECONNREFUSED':
      return syscall === 'connect' ? 'nothing listens there' : ''
    case 'ENOENT':
      if (!unix) return ''
      return syscall === 'bind' ? 'its directory must exist' : 'there is no such socket file'
    case 'ENAMETOOLONG':
      return unix
        ? 'a Unix domain address holds about 100 bytes (unix(7)); use a shorter or a relative path'
        : ''
    case 'EEXIST':
      return 'that file descriptor belongs to a socket of this loop already'
    case 'EMFILE':
      return 'this process has as many files open as its limit allows (ulimit -n)'
    case 'ENFILE':
      return 'the whole system has as many files open as it allows (fs.file-max)'
    default:
      return ''
  }
}
