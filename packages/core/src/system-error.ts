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
 * @param advice what to do about it; default: what is known of that error and call
 */
export function systemError(
  errno: number,
  syscall: string,
  endpoint?: Endpoint,
  advice?: string,
): SocketError {
  const number = Math.abs(errno)
  const code = native.errorName(number)
  const details: SocketErrorDetails = { code, errno: -number, syscall }
  let where = ''
  if (endpoint !== undefined) {
    // '' for a Unix socket that was never bound.
    where = shortAddress(endpoint)
    if (isUnix(endpoint)) {
      details.address = endpoint.path
    } else {
      details.address = endpoint.host
      details.port = endpoint.port
    }
  }
  const text = native.errorText(number)
  const plain = `${text.charAt(0).toLowerCase()}${text.slice(1)}`
  return new SocketError(
    failureMessage(syscall, where, plain, code, advice ?? adviceFor(code, syscall, endpoint)),
    details,
  )
}

/**
 * How every failure is worded: `bind 127.0.0.1:80: permission denied (EACCES); ports below 1024 need …`.
 *
 * @param where what it was about, or ''
 * @param hint what to do about it, or ''
 */
export function failureMessage(
  syscall: string,
  where: string,
  text: string,
  code: string,
  hint = '',
): string {
  return `${syscall}${where && ` ${where}`}: ${text} (${code})${hint && `; ${hint}`}`
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
        ? 'ports below 1024 need CAP_NET_BIND_SERVICE'
        : ''
    case 'EADDRINUSE':
      if (unix) return 'a file has that name: a socket, in use or left behind, or something else'
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
    case 'EAGAIN':
      if (syscall !== 'connect') return ''
      return unix ? "the listener's queue is full; try again later" : ''
    case 'EALREADY':
      return 'an earlier connect is under way; wait until the socket is writable'
    case 'EISCONN':
      return 'a socket is connected once; make another one'
    case 'EDESTADDRREQ':
      return 'name a destination (sendto), or connect first'
    case 'EPIPE':
      return 'this half of the connection is shut, here or at the peer'
    case 'EMSGSIZE':
      return 'a datagram goes as a whole or not at all'
    case 'EAFNOSUPPORT':
      return endpoint === undefined ? '' : "the address is not of the socket's family"
    case 'ENODEV':
      return endpoint === undefined ? '' : "the zone after '%' is no interface of this machine"
    case 'EPERM':
      return syscall === 'socket' ? 'raw sockets need CAP_NET_RAW' : ''
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
