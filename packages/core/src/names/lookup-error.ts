/** The errors of name services: EAI_* and h_errno, with their text and what to do about them. */
import { isIPv6 } from 'node:net'
import type { NativeLookupFailure } from '@pollux/native-poll'
import { ErrorCode, SocketError, type SocketErrorDetails } from '../errors.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'

/** What a look-up is about, for its errors. */
export interface LookupSubject {
  /** The call, as in section 3 of the manual. */
  syscall: string
  host: string | null
  service?: string | number | null
}

/** What to do about it, where that is not plain from the text. */
const ADVICE: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'no name server answered; try again later',
  EAI_BADFLAGS: 'look at the flags: AI_CANONNAME needs a host',
  EAI_FAIL: 'a name server answered that it cannot help',
  EAI_FAMILY: 'the family must be AF_UNSPEC, AF_INET or AF_INET6',
  EAI_NONAME: 'look at the spelling; without a host or a service there is nothing to look up',
  EAI_SERVICE: 'a service is a port, or a name of /etc/services that has an entry for that socktype',
  EAI_SOCKTYPE: 'socktype and protocol must fit each other; 0 stands for any',
  HOST_NOT_FOUND: 'look at the spelling',
  NO_DATA: 'the name exists, but has no IPv4 address',
  NO_RECOVERY: 'a name server answered that it cannot help',
  TRY_AGAIN: 'no name server answered; try again later',
}

/** The error of a look-up that failed. Where a system call failed behind it, `cause` is the error of that. */
export function lookupError(failure: NativeLookupFailure, subject: LookupSubject): SocketError {
  const { code, error, systemError: errno } = failure
  const cause = errno === 0 ? undefined : systemError(errno, subject.syscall)
  const text = cause === undefined ? failure.text : native.errorText(-errno)
  const names = cause === undefined ? code : `${code}, ${cause.code}`
  const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`
  const message = `${titleOf(subject)}: ${text.charAt(0).toLowerCase()}${text.slice(1)} (${names})${advice}`
  return new SocketError(message, { ...detailsOf(subject), code, errno: error, cause })
}

/** The error of a look-up that took longer than it was given. */
export function lookupTimeout(timeoutMs: number, subject: LookupSubject): SocketError {
  const code = ErrorCode.TIMEOUT
  const message = `${titleOf(subject)}: not done after ${timeoutMs} ms (${code})`
  return new SocketError(message, { ...detailsOf(subject), code })
}

/** 'getaddrinfo localhost:http' */
function titleOf({ syscall, host, service }: LookupSubject): string {
  const where = host !== null && isIPv6(host) ? `[${host}]` : (host ?? '')
  const port = service === null || service === undefined ? '' : `:${service}`
  return where + port === '' ? syscall : `${syscall} ${where}${port}`
}

function detailsOf({ syscall, host, service }: LookupSubject): Omit<SocketErrorDetails, 'code'> {
  const details: Omit<SocketErrorDetails, 'code'> = { syscall }
  if (host !== null) details.address = host
  if (typeof service === 'number') details.port = service
  return details
}
