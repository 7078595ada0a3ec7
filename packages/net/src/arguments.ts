/** The many ways to call `connect` and `listen`, brought to one; and Node's checks, with Node's errors. */
import { inspect } from 'node:util'
import { nodeError } from './errors.js'

export type Callback = (...args: unknown[]) => void

/** `(options, cb)`, `(path, cb)`, `(port, host, cb)`, as options and a callback. */
export function normalizeArguments(
  args: readonly unknown[],
): [options: Record<string, unknown>, callback: Callback | null] {
  const [first, second] = args
  const last = args[args.length - 1]
  const callback = typeof last === 'function' ? (last as Callback) : null
  if (args.length === 0) return [{}, null]
  if (typeof first === 'object' && first !== null) return [first as Record<string, unknown>, callback]
  if (isPath(first)) return [{ path: first }, callback]
  const options: Record<string, unknown> = { port: first }
  if (typeof second === 'string') options.host = second
  return [options, callback]
}

/** A string that is no port. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === false
}

/** A number of zero or more, or false. */
export function toNumber(value: unknown): number | false {
  const number = Number(value)
  return number >= 0 ? number : false
}

export function checkPort(port: unknown, name = 'Port', allowZero = true): number {
  const isNumeric = typeof port === 'number' || (typeof port === 'string' && port.trim().length > 0)
  const number = Number(port)
  if (isNumeric && number === number >>> 0 && number <= 0xffff && (number > 0 || allowZero)) return number
  const least = allowZero ? '>= 0' : '> 0'
  throw nodeError(
    RangeError,
    'ERR_SOCKET_BAD_PORT',
    `${name} should be ${least} and < 65536. Received ${received(port)}.`,
  )
}

/** `The "options.port" property must be one of type number or string. Received …` */
export function invalidType(name: string, expected: string, value: unknown): TypeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  return nodeError(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kind} must be ${expected}. Received ${received(value)}`,
  )
}

export function invalidValue(name: string, value: unknown, reason = 'is invalid'): TypeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const text = inspect(value)
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
  return nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`)
}

export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const shown =
    typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 32
      ? grouped(value)
      : inspect(value)
  return nodeError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`,
  )
}

export function checkNumber(value: unknown, name: string): number {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  return value
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value)
  return value
}

export function checkString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value)
  return value
}

export function checkObject(value: unknown, name: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(name, 'of type object', value)
  }
  return value
}

export function checkAbortSignal(value: unknown, name: string): AbortSignal {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) {
    throw invalidType(name, 'an instance of AbortSignal', value)
  }
  return value as AbortSignal
}

export function checkNoNul(value: string, name: string): string {
  if (value.includes('\0')) throw invalidValue(name, value, 'must be a string without null bytes')
  return value
}

export function checkFunction<F>(value: F, name: string): F {
  if (typeof value !== 'function') throw invalidType(name, 'of type function', value)
  return value
}

const MAX_INT32 = 2 ** 31 - 1

export function checkInt32(value: unknown, name: string, min: number): number {
  checkNumber(value, name)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if ((value as number) < min || (value as number) > MAX_INT32) {
    throw outOfRange(name, `>= ${min} && <= ${MAX_INT32}`, value)
  }
  return value as number
}

/** As Node describes a value that it did not want. */
export function received(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  let text = inspect(value, { colors: false })
  if (text.length > 28) text = `${text.slice(0, 25)}...`
  return `type ${typeof value} (${text})`
}

/** 4_294_967_296 */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}
