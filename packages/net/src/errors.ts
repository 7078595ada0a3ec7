/** Errors as Node makes them: the same codes, words and properties, since programs look at them. */
import { getSystemErrorMap } from 'node:util'

/** A system error: 'read ECONNRESET', with `errno`, `code` and `syscall`. */
export interface SystemError extends Error {
  errno: number
  code: string
  syscall: string
  address?: string
  port?: number
  localAddress?: string
  localPort?: number
}

/** The name and the words of `-errno`. */
function nameAndText(errno: number): [name: string, text: string] {
  return getSystemErrorMap().get(errno) ?? [`Unknown system error ${errno}`, '']
}

/** `read ECONNRESET`. @param errno negative */
export function errnoError(errno: number, syscall: string): SystemError {
  const [code] = nameAndText(errno)
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall })
}

/** `connect ECONNREFUSED 127.0.0.1:80 - Local (127.0.0.1:4000)`. @param local as it is to be shown */
export function addressError(
  errno: number,
  syscall: string,
  address: string | undefined,
  port: number | undefined,
  local?: string,
): SystemError {
  const [code] = nameAndText(errno)
  const where = port !== undefined && port > 0 ? `${address}:${port}` : address
  const error: SystemError = Object.assign(
    new Error(
      `${syscall} ${code}${where === undefined ? '' : ` ${where}`}${local ? ` - Local (${local})` : ''}`,
    ),
    { errno, code, syscall },
  )
  if (address !== undefined) error.address = address
  if (port !== undefined && port > 0) error.port = port
  return error
}

/** `listen EADDRINUSE: address already in use 127.0.0.1:80`. */
export function listenError(errno: number, address: string | null, port: number | undefined): SystemError {
  const [code, text] = nameAndText(errno)
  const where = port !== undefined && port > 0 ? `${address}:${port}` : address
  const error: SystemError = Object.assign(new Error(`listen ${code}: ${text}${where ? ` ${where}` : ''}`), {
    code,
    errno,
    syscall: 'listen',
  })
  if (address !== null) error.address = address
  if (port !== undefined) error.port = port
  return error
}

type ErrorClass<E extends Error> = new (message: string) => E

/** An error with one of Node's codes. Its stack says `TypeError [CODE]: …`, and its name is the plain one. */
export function nodeError<E extends Error>(
  Base: ErrorClass<E>,
  code: string,
  message: string,
): E & { code: string } {
  const error = new Base(message)
  const { name } = error
  // The stack is made when it is first asked for: with the code in it, as Node has it.
  error.name = `${name} [${code}]`
  void error.stack
  delete (error as Partial<E>).name
  return Object.assign(error, { code })
}

export function invalidIp(address: unknown): TypeError {
  return nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`)
}

export function invalidFamily(family: unknown, host: string, port: number): RangeError {
  const error = nodeError(
    RangeError,
    'ERR_INVALID_ADDRESS_FAMILY',
    `Invalid address family: ${family} ${host}:${port}`,
  )
  return Object.assign(error, { host, port })
}
