/** Bytes up to a delimiter. */
import { isUint8Array } from 'node:util/types'
import { checkObject, invalidArgType, invalidArgValue, outOfRange } from '@pollux/core'
import type { Codec } from './codec.js'
import { frameTooLong } from './codec-error.js'
import type { Input } from './input.js'
import { checkMaxLength, TEXT_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength } from './payload.js'
import { indexOfBytes } from './search.js'

const MOST_DELIMITER_BYTES = 256

/** What stands behind each message, and how long one may be. */
export interface DelimitedOptions {
  /** 1 to 256 bytes, or a text of so many in UTF-8. */
  delimiter: string | Uint8Array
  /** The most bytes of a message that is received, without its delimiter. 1 to 256 MiB; default 64 KiB. */
  maxLength?: number
}

/**
 * Bytes up to a delimiter of one byte or several, which is not part of the message. What the peer sends last needs it
 * too.
 *
 * Received: a longer message than `maxLength` fails the connection with ERR_POLLUX_FRAME_TOO_LONG, and bytes without
 * delimiter at the peer's end with ERR_POLLUX_INCOMPLETE_FRAME.
 * Sent: a message that holds the delimiter, or would together with it end sooner, is refused with
 * ERR_INVALID_ARG_VALUE.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, delimited } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: delimited({ delimiter: '\0', maxLength: 4096 }),
 *   message(conn, bytes) {
 *     conn.send(`${bytes.length} bytes`)
 *   },
 * })
 * ```
 */
export function delimited(options: DelimitedOptions): Codec<Buffer, Payload> {
  return new Delimited(options)
}

class Delimited implements Codec<Buffer, Payload> {
  readonly maxFrameBytes: number
  private readonly maxLength: number
  private readonly delimiter: Buffer

  constructor(options: DelimitedOptions) {
    checkObject(options, 'options')
    this.delimiter = checkDelimiter(options.delimiter)
    this.maxLength = checkMaxLength(options.maxLength, TEXT_LENGTH)
    // All of the delimiter but its last byte may be there.
    this.maxFrameBytes = this.maxLength + this.delimiter.length - 1
  }

  decode(input: Input): Buffer | undefined {
    const { bytes, start, end } = input
    const { delimiter } = this
    const at = indexOfBytes(bytes, delimiter, start + input.scanned, end)
    if ((at < 0 ? end - delimiter.length + 1 : at) - start > this.maxLength) {
      throw frameTooLong(this.maxLength, 'a message')
    }
    if (at < 0) {
      // The delimiter may have begun in the last bytes.
      input.scanned = Math.max(0, end - start - delimiter.length + 1)
      return undefined
    }
    input.start = at + delimiter.length
    return input.take(start, at)
  }

  encode(message: Payload, output: Output): void {
    const { delimiter } = this
    const length = payloadLength(message)
    const offset = output.at - output.start
    appendPayload(output, message)
    output.bytes(delimiter)
    // Looked for together: of 'aa', the first is in the middle of 'ba' and 'aa'.
    const begin = output.start + offset
    if (indexOfBytes(output.buffer, delimiter, begin, output.at) - begin !== length) {
      throw invalidArgValue('message', 'must not hold the delimiter, nor begin one', message)
    }
  }
}

/** A copy, so that nobody changes it later. */
function checkDelimiter(delimiter: unknown): Buffer {
  if (typeof delimiter !== 'string' && !isUint8Array(delimiter)) {
    throw invalidArgType('delimiter', 'of type string or an instance of Uint8Array', delimiter)
  }
  const bytes = Buffer.from(delimiter as string)
  if (bytes.length < 1 || bytes.length > MOST_DELIMITER_BYTES) {
    throw outOfRange('delimiter', `1 to ${MOST_DELIMITER_BYTES} bytes long`, `${bytes.length} bytes`)
  }
  return bytes
}
