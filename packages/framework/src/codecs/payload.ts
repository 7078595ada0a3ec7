/** Messages of bytes, as the codecs that know their length have them. */
import { isUint8Array } from 'node:util/types'
import { invalidArgType } from '@pollux/core'
import { frameTooLong, malformedFrame } from './codec-error.js'
import type { Input } from './input.js'
import type { Output } from './output.js'

/** What codecs of bytes can send: bytes, or a text that goes out as UTF-8. */
export type Payload = Uint8Array | string

/** How many bytes it takes. Throws ERR_INVALID_ARG_TYPE for what is no payload. */
export function payloadLength(message: Payload): number {
  if (typeof message === 'string') return Buffer.byteLength(message)
  if (!isUint8Array(message)) {
    throw invalidArgType('message', 'of type string or an instance of Uint8Array', message)
  }
  return message.length
}

/** Appends a payload that `payloadLength` has seen. */
export function appendPayload(output: Output, message: Payload): void {
  if (typeof message === 'string') output.text(message)
  else output.bytes(message)
}

/**
 * The bytes behind a length, once they are there.
 *
 * @param from where they begin
 * @param length as the peer says it
 */
export function takePayload(
  input: Input,
  from: number,
  length: number,
  maxLength: number,
): Buffer | undefined {
  if (length < 0) throw malformedFrame('a length that is less than its own bytes')
  if (length > maxLength) throw frameTooLong(maxLength, 'a message')
  const to = from + length
  if (to > input.end) {
    input.needed = to - input.start
    return undefined
  }
  input.start = to
  return input.take(from, to)
}
