/** Messages that are all of one length. */
import { checkInteger, checkObject, outOfRange } from '@pollux/core'
import type { Codec } from './codec.js'
import type { Input } from './input.js'
import { MOST_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength } from './payload.js'

/** How long each message is. */
export interface FixedOptions {
  /** Bytes of each message: 1 to 256 MiB. */
  length: number
}

/**
 * Messages that are all of one length, one directly after the other.
 *
 * Received: fewer bytes at the peer's end fail the connection with ERR_POLLUX_INCOMPLETE_FRAME.
 * Sent: a message of another length is refused with ERR_OUT_OF_RANGE.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, fixed } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: fixed({ length: 8 }),
 *   message(conn, record) {
 *     console.log(record.readUInt32BE(0), record.readUInt32BE(4))
 *   },
 * })
 * ```
 */
export function fixed(options: FixedOptions): Codec<Buffer, Payload> {
  return new Fixed(options)
}

class Fixed implements Codec<Buffer, Payload> {
  readonly maxFrameBytes: number
  private readonly length: number

  constructor(options: FixedOptions) {
    checkObject(options, 'options')
    this.length = checkInteger(options.length, 'length', 1, MOST_LENGTH)
    this.maxFrameBytes = this.length
  }

  decode(input: Input): Buffer | undefined {
    const { start } = input
    const next = start + this.length
    if (next > input.end) {
      input.needed = this.length
      return undefined
    }
    input.start = next
    return input.take(start, next)
  }

  encode(message: Payload, output: Output): void {
    const length = payloadLength(message)
    if (length !== this.length) throw outOfRange('message', `${this.length} bytes long`, `${length} bytes`)
    appendPayload(output, message)
  }
}
