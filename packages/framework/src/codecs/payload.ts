/** Messages of bytes, on their way out. */
import { isUint8Array } from 'node:util/types'
import { invalidArgType } from '@pollux/core'
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
