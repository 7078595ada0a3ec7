/** The limits that codecs have in common. */
import { checkInteger } from '@pollux/core'

const KIB = 1024
const MIB = 1024 * KIB

/** What may be received of one line or one delimited message, unless the options say otherwise. */
export const TEXT_LENGTH = 64 * KIB

/** The same where the length is known before the bytes. */
export const DECLARED_LENGTH = MIB

/**
 * No codec takes more than this for one message: what is longer is a stream, and is to be handled piece by piece. It
 * is below what a string can hold and what an array can be long.
 */
export const MOST_LENGTH = 256 * MIB

/** The `maxLength` of a codec's options, with its default. */
export function checkMaxLength(value: unknown, fallback: number, most = MOST_LENGTH): number {
  return checkInteger(value ?? Math.min(fallback, most), 'maxLength', 1, most)
}
