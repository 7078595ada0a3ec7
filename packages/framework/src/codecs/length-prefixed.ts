/** Messages with their length before them. */
import { checkBoolean, checkObject, invalidArgValue, outOfRange } from '@pollux/core'
import type { Codec } from './codec.js'
import type { Input } from './input.js'
import { checkMaxLength, DECLARED_LENGTH, MOST_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength, takePayload } from './payload.js'
import { VarintPrefixed } from './varint-prefixed.js'

const SIZES = [1, 2, 4, 8, 'varint'] as const
const BYTE_ORDERS = ['big', 'little'] as const

const TWO_TO_32 = 2 ** 32

/** How the length is written, and how long a message may be. */
export interface LengthPrefixedOptions {
  /**
   * How many bytes the length takes, default 4; or 'varint': LEB128, as Protocol Buffers write the lengths of delimited
   * messages, seven bits a byte, the lowest first.
   */
  bytes?: 1 | 2 | 4 | 8 | 'varint'
  /** Default 'big', the order of the network. A varint has none. */
  byteOrder?: 'big' | 'little'
  /** Whether the length counts its own bytes too. Default false. */
  includesLength?: boolean
  /**
   * The most bytes of a message that is received, without the length. From 1 to what the length can say, at most 256 MiB;
   * default 1 MiB, or what the length can say.
   */
  maxLength?: number
}

/**
 * Messages of bytes, each with its length before it: an unsigned integer of 1, 2, 4 or 8 bytes, or a varint.
 *
 * Received: a length above `maxLength` fails the connection with ERR_POLLUX_FRAME_TOO_LONG, before any of the message is
 * kept; one that can't be (smaller than itself, a varint of more than ten bytes) with ERR_POLLUX_MALFORMED_FRAME; half a
 * message at the peer's end with ERR_POLLUX_INCOMPLETE_FRAME.
 * Sent: a message that is longer than the length can say, or than 256 MiB, is refused with ERR_OUT_OF_RANGE.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, lengthPrefixed } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: lengthPrefixed({ bytes: 2, byteOrder: 'big' }),
 *   message(conn, bytes) {
 *     conn.send(bytes)
 *   },
 * })
 * ```
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Codec<Buffer, Payload> {
  checkObject(options, 'options')
  const { bytes = 4, byteOrder = 'big' } = options
  if (!SIZES.includes(bytes)) throw invalidArgValue('bytes', "must be 1, 2, 4, 8 or 'varint'", bytes)
  if (!BYTE_ORDERS.includes(byteOrder)) {
    throw invalidArgValue('byteOrder', "must be 'big' or 'little'", byteOrder)
  }
  const includesLength = checkBoolean(options.includesLength ?? false, 'includesLength')
  if (bytes !== 'varint') return new LengthPrefixed(bytes, byteOrder, includesLength, options.maxLength)
  if (options.byteOrder !== undefined) {
    throw invalidArgValue('byteOrder', 'must not be given with a varint, which has but one', byteOrder)
  }
  return new VarintPrefixed(includesLength, checkMaxLength(options.maxLength, DECLARED_LENGTH))
}

class LengthPrefixed implements Codec<Buffer, Payload> {
  readonly maxFrameBytes: number
  private readonly maxLength: number
  /** The most that the length can say about the bytes behind it. */
  private readonly mostLength: number
  private readonly size: number
  private readonly littleEndian: boolean
  /** How many bytes of itself the length counts. */
  private readonly counted: number

  constructor(size: 1 | 2 | 4 | 8, byteOrder: 'big' | 'little', includesLength: boolean, maxLength: unknown) {
    this.size = size
    this.littleEndian = byteOrder === 'little'
    this.counted = includesLength ? size : 0
    this.mostLength = Math.min(2 ** (8 * size) - 1 - this.counted, MOST_LENGTH)
    this.maxLength = checkMaxLength(maxLength, DECLARED_LENGTH, this.mostLength)
    this.maxFrameBytes = size + this.maxLength
  }

  decode(input: Input): Buffer | undefined {
    const { start, end } = input
    const from = start + this.size
    if (from > end) {
      input.needed = this.size
      return undefined
    }
    return takePayload(input, from, this.read(input.bytes, start) - this.counted, this.maxLength)
  }

  encode(message: Payload, output: Output): void {
    const length = payloadLength(message)
    if (length > this.mostLength) {
      throw outOfRange('message', `<= ${this.mostLength} bytes long`, `${length} bytes`)
    }
    this.write(length + this.counted, output)
    appendPayload(output, message)
  }

  /** Exact up to 2 ** 53, and further up still far more than any message has. */
  private read(bytes: Buffer, at: number): number {
    const { littleEndian } = this
    switch (this.size) {
      case 1:
        return bytes[at]
      case 2:
        return littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
      case 4:
        return littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
      default:
        return littleEndian
          ? bytes.readUInt32LE(at + 4) * TWO_TO_32 + bytes.readUInt32LE(at)
          : bytes.readUInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4)
    }
  }

  private write(length: number, output: Output): void {
    const { littleEndian } = this
    switch (this.size) {
      case 1:
        output.byte(length)
        break
      case 2:
        output.uint16(length, littleEndian)
        break
      case 4:
        output.uint32(length, littleEndian)
        break
      default:
        // No message reaches the upper half.
        output.uint32(littleEndian ? length : 0, littleEndian)
        output.uint32(littleEndian ? 0 : length, littleEndian)
    }
  }
}
