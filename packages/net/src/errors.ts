/** Errors as Node makes them: the same codes, words and properties, since programs look at them. */
import { getSystemErrorMap } from 'node:util'

/** A system error: 'read ECONNRESET', with `errno`, `code` and `syscall`. */
export interface SystemError extends Error {
  errno: number
  code: string
  syscall: string
  address?: string | null | undefined
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
  address: string | null | undefined,
  port: number | null | undefined,
  local?: string,
): SystemError {
  const [code] = nameAndText(errno)
  const text = `${syscall} ${code}${placeOf(address, port)}${local ? ` - Local (${local})` : ''}`
  const error: SystemError = Object.assign(new Error(text), { errno, code, syscall })
  error.address = address
  if (port) error.port = port
  return error
}

/** `listen EADDRINUSE: address already in use 127.0.0.1:80`. @param errno negative */
export function listenError(errno: number, address: string | null, port: number | null): SystemError {
  const [code, text] = nameAndText(errno)
  const error: SystemError = Object.assign(new Error(`listen ${code}: ${text}${placeOf(address, port)}`), {
    code,
    errno,
    syscall: 'listen',
    address,
  })
  if (port) error.port = port
  return error
}

/** ` 127.0.0.1:80`, ` /run/x.sock`, or nothing. */
function placeOf(address: string | null | undefined, port: number | null | undefined): string {
  if (port && port > 0) return ` ${address}:${port}`
  return address ? ` ${address}` : ''
}

type ErrorClass<E extends Error> = new (message: string) => E

/** An error with one of Node's codes: `TypeError [CODE]: …` in its stack and as a string, with the plain name. */
export function nodeError<E extends Error>(
  Base: ErrorClass<E>,
  code: string,
  message: string,
): E & { code: string } {
  const error = withCode(new Base(message), code)
  Object.defineProperty(error, 'toString', { value: nameAndCode, writable: true, configurable: true })
  return error
}

/** The code as a property and in the stack, and the plain name. */
export function withCode<E extends Error>(error: E, code: string): E & { code: string } {
  const { name } = error
  // The stack is made when it is first asked for: with the code in it, as Node has it.
  error.name = `${name} [${code}]`
  const { stack } = error
  // An empty message is no reason for Node to leave out the colon.
  if (error.message === '') error.stack = stack?.replace(error.name, `${error.name}: `)
  delete (error as Partial<E>).name
  return Object.assign(error, { code })
}

function nameAndCode(this: Error & { code: string }): string {
  return `${this.name} [${this.code}]: ${this.message}`
}

export function invalidIp(address: unknown): TypeError {
  return nodeError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`)
}

export function blockedIp(address: string): Error {
  return nodeError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`)
}

/** @param host the option, @param port the option */
export function invalidFamily(family: unknown, host: unknown, port: unknown): RangeError {
  const text = `Invalid address family: ${family} ${host}:${port}`
  return Object.assign(nodeError(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', text), { host, port })
}
