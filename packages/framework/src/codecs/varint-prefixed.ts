/**
 * Messages with a varint of their length before them: seven bits in each byte, the lowest first; the eighth says that
 * another byte follows. See https://protobuf.dev/programming-guides/encoding/#varints.
 */
import { outOfRange } from '@pollux/core'
import type { Codec } from './codec.js'
import { malformedFrame } from './codec-error.js'
import type { Input } from './input.js'
import { MOST_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength, takePayload } from './payload.js'

/** What an integer of 64 bits takes. */
const MOST_BYTES = 10

const MORE = 0x80
const BITS = 0x7f
const BITS_A_BYTE = 7

export class VarintPrefixed implements Codec<Buffer, Payload> {
  readonly maxFrameBytes: number
  private readonly includesLength: boolean
  private readonly maxLength: number

  /** Of options that `lengthPrefixed` has checked. */
  constructor(includesLength: boolean, maxLength: number) {
    this.includesLength = includesLength
    this.maxLength = maxLength
    this.maxFrameBytes = MOST_BYTES + maxLength
  }

  decode(input: Input): Buffer | undefined {
    const { bytes, start, end } = input
    let value = 0
    let unit = 1
    let at = start
    for (;;) {
      if (at - start === MOST_BYTES) throw malformedFrame(`a varint of more than ${MOST_BYTES} bytes`)
      if (at === end) return undefined
      const byte = bytes[at++]
      // Not shifted: that would drop what is above 32 bits.
      value += (byte & BITS) * unit
      if (byte < MORE) break
      unit *= MORE
    }
    return takePayload(input, at, this.includesLength ? value - (at - start) : value, this.maxLength)
  }

  encode(message: Payload, output: Output): void {
    const length = payloadLength(message)
    if (length > MOST_LENGTH) throw outOfRange('message', `<= ${MOST_LENGTH} bytes long`, `${length} bytes`)
    let value = this.includesLength ? withItself(length) : length
    while (value > BITS) {
      output.byte((value & BITS) | MORE)
      value >>>= BITS_A_BYTE
    }
    output.byte(value)
    appendPayload(output, message)
  }
}

/** The length and the bytes that the varint of this sum takes. */
function withItself(length: number): number {
  let size = 1
  while (length + size >= 2 ** (BITS_A_BYTE * size)) size++
  return length + size
}
