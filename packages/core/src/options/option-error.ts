/** What can be wrong with an option: this platform lacks it, or the kernel refuses. */
import { SocketError } from '../errors.js'
import { native } from '../native.js'
import { failureMessage } from '../system-error.js'

/** Which of the two calls failed. */
export type OptionCall = 'getsockopt' | 'setsockopt'

/** ENOPROTOOPT: the headers that Pollux was built with do not have it. */
export function unsupported(syscall: OptionCall, option: string, missing = option): SocketError {
  const what = missing === option ? option : `${missing}, which ${option} needs`
  const code = 'ENOPROTOOPT'
  return new SocketError(failureMessage(syscall, option, `this platform has no ${what}`, code), {
    code,
    errno: -native.errorNumber(code),
    syscall,
  })
}

/**
 * The kernel's refusal.
 *
 * @param errno negative
 * @param capability what a process needs to be allowed (capabilities(7)), if it is known
 */
export function refused(
  errno: number,
  syscall: OptionCall,
  option: string,
  capability?: string,
): SocketError {
  const code = native.errorName(-errno)
  const text = native.errorText(-errno)
  const plain = `${text.charAt(0).toLowerCase()}${text.slice(1)}`
  const hint = adviceFor(code, syscall, capability)
  return new SocketError(failureMessage(syscall, option, plain, code, hint), { code, errno, syscall })
}

function adviceFor(code: string, syscall: OptionCall, capability: string | undefined): string {
  switch (code) {
    case 'EPERM':
    case 'EACCES':
      return capability === undefined ? '' : `this needs the capability ${capability}`
    case 'ENOPROTOOPT':
    case 'ENOTSUP':
      return `this kind of socket has no such option${syscall === 'setsockopt' ? ' that can be set' : ''}`
    default:
      return ''
  }
}
