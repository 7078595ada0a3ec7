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
