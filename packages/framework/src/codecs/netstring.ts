/** Netstrings. */
import { checkObject, outOfRange } from '@pollux/core'
import type { Codec } from './codec.js'
import { frameTooLong, malformedFrame } from './codec-error.js'
import type { Input } from './input.js'
import { checkMaxLength, DECLARED_LENGTH, MOST_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength } from './payload.js'

const ZERO = 0x30
const COLON = 0x3a
const COMMA = 0x2c

/** How long a netstring may be. */
export interface NetstringOptions {
  /** The most bytes of a message that is received. 1 to 256 MiB; default 1 MiB. */
  maxLength?: number
}

/**
 * Netstrings: the length in decimal digits, ':', so many bytes, ','. No length begins with a zero but '0'.
 * See https://cr.yp.to/proto/netstrings.txt.
 *
 * Received: a longer message than `maxLength` fails the connection with ERR_POLLUX_FRAME_TOO_LONG as soon as its
 * length says so, what is no netstring with ERR_POLLUX_MALFORMED_FRAME, and half of one at the peer's end with
 * ERR_POLLUX_INCOMPLETE_FRAME.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { encodeToBuffer, netstring } from '@pollux/framework'
 *
 * console.log(encodeToBuffer(netstring(), 'hello').toString()) // 5:hello,
 * ```
 */
export function netstring(options: NetstringOptions = {}): Codec<Buffer, Payload> {
  return new Netstring(options)
}

class Netstring implements Codec<Buffer, Payload> {
  readonly maxFrameBytes: number
  private readonly maxLength: number

  constructor(options: NetstringOptions) {
    checkObject(options, 'options')
    this.maxLength = checkMaxLength(options.maxLength, DECLARED_LENGTH)
    this.maxFrameBytes = `${this.maxLength}:,`.length + this.maxLength
  }

  decode(input: Input): Buffer | undefined {
    const { bytes, start, end } = input
    let length = 0
    let at = start
    for (; at < end; at++) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) break
      if (at > start && length === 0) throw malformedFrame('the length of a netstring begins with a zero')
      length = length * 10 + digit
      if (length > this.maxLength) throw frameTooLong(this.maxLength, 'a netstring')
    }
    if (at === end) return undefined
    if (at === start) throw malformedFrame('a netstring must begin with a digit')
    if (bytes[at] !== COLON) throw malformedFrame("the length of a netstring must end with ':'")
    const from = at + 1
    const to = from + length
    if (to >= end) {
      input.needed = to + 1 - start
      return undefined
    }
    if (bytes[to] !== COMMA) throw malformedFrame("a netstring must end with ','")
    input.start = to + 1
    return input.take(from, to)
  }

  encode(message: Payload, output: Output): void {
    const length = payloadLength(message)
    if (length > MOST_LENGTH) throw outOfRange('message', `<= ${MOST_LENGTH} bytes`, `${length} bytes`)
    output.text(`${length}:`)
    appendPayload(output, message)
    output.byte(COMMA)
  }
}
