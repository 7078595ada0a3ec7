/** Numbers and options among the arguments of commands, with Redis's words for what is wrong with them. */
import { ReplyError } from './reply.js'
import type { Request } from './request.js'

export const NOT_AN_INTEGER = new ReplyError('ERR value is not an integer or out of range')
export const SYNTAX_ERROR = new ReplyError('ERR syntax error')
export const OUT_OF_RANGE = new ReplyError('ERR value is out of range, must be positive')
export const NO_SUCH_KEY = new ReplyError('ERR no such key')

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** A number of 64 bits as Redis writes it; undefined for anything else. */
export function parseInt64(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined
  const value = BigInt(text)
  return isInt64(value) ? value : undefined
}

export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX
}

export function int64(request: Request, index: number): bigint {
  const value = parseInt64(request.text(index))
  if (value === undefined) throw NOT_AN_INTEGER
  return value
}

/** An index or a count; beyond 2^53 it is as good as infinite. */
export function integer(request: Request, index: number): number {
  return Number(int64(request, index))
}

/** A count that may not be negative; undefined where the argument is missing. */
export function optionalCount(request: Request, index: number): number | undefined {
  if (request.count <= index) return undefined
  if (request.count > index + 1) throw SYNTAX_ERROR
  const value = parseInt64(request.text(index))
  if (value === undefined || value < 0n) throw OUT_OF_RANGE
  return Number(value)
}

/** Where a range that may count from the end (-1 is the last) begins and ends: from and to, at least empty. */
export function range(first: number, last: number, length: number): [from: number, to: number] {
  const from = Math.max(0, first < 0 ? first + length : first)
  const to = Math.min(length, (last < 0 ? last + length : last) + 1)
  return from < to ? [from, to] : [0, 0]
}

/** What a time to live may be given in: to ms, and from when it counts. */
const UNITS: Record<string, { ms: number; absolute: boolean }> = {
  ex: { ms: 1000, absolute: false },
  px: { ms: 1, absolute: false },
  exat: { ms: 1000, absolute: true },
  pxat: { ms: 1, absolute: true },
}

export function isTimeOption(word: string): boolean {
  return Object.hasOwn(UNITS, word)
}

/** When a key ends: an argument in the unit of an option, in ms since 1970. At least 1, which is long ago. */
export function endOf(request: Request, index: number, unit: string, mayBePast = false): number {
  const { ms, absolute } = UNITS[unit]
  const value = int64(request, index)
  const atMs = value * BigInt(ms) + BigInt(absolute ? 0 : Date.now())
  if (!isInt64(value * BigInt(ms)) || !isInt64(atMs) || (!mayBePast && value <= 0n)) {
    throw new ReplyError(`ERR invalid expire time in '${request.word(0)}' command`)
  }
  return Math.max(1, Number(atMs))
}
