/** Argument checks for the border: each says what was wrong in Node's own words. */
import { invalidArgType, outOfRange } from './errors.js'

/** `value` if it is an integer from `min` to `max`; else throws ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE. */
export function checkInteger(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} and <= ${max}`, value)
  return value
}

/** `value` if it is a boolean; else throws ERR_INVALID_ARG_TYPE. */
export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value)
  return value
}

/** `value` if it is an object; else throws ERR_INVALID_ARG_TYPE. */
export function checkObject(value: unknown, name: string): object {
  if (typeof value !== 'object' || value === null) throw invalidArgType(name, 'of type object', value)
  return value
}

/**
 * A copy of `value`, if it is an array whose elements all pass `check`. The first that does not ends it, a hole too: an
 * array may have four thousand million of them.
 */
export function checkArray<Element>(
  value: unknown,
  name: string,
  expected: string,
  check: (element: unknown, name: string) => Element,
): Element[] {
  if (!Array.isArray(value)) throw invalidArgType(name, expected, value)
  const elements: Element[] = []
  for (let i = 0; i < value.length; i++) elements.push(check(value[i], `${name}[${i}]`))
  return elements
}

/** `value` if it looks like an AbortSignal, of whatever realm; else throws ERR_INVALID_ARG_TYPE. */
export function checkSignal(value: unknown, name: string): AbortSignal {
  if (looksLikeSignal(value)) return value
  throw invalidArgType(name, 'an instance of AbortSignal', value)
}

function looksLikeSignal(value: unknown): value is AbortSignal {
  try {
    const { aborted, throwIfAborted, addEventListener, removeEventListener } = value as AbortSignal
    const methods = [throwIfAborted, addEventListener, removeEventListener]
    return typeof aborted === 'boolean' && methods.every((method) => typeof method === 'function')
  } catch {
    return false
  }
}
