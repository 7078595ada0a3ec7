/**
 * udp: datagrams that come back. Each carries its number, so that it is known which one came, was lost or came twice.
 *
 * ```
 *   | connection: 4 | number: 4 | length: 4 | bytes of the pattern … |
 * ```
 */
import type { Options } from '../options.js'
import { PATTERN_STARTS, Pattern } from '../pattern.js'
import { Random } from '../random.js'
import { UsageError } from '../usage-error.js'
import type { Conversation, OpenConversation, Output, Replied } from './protocol.js'
import { WrongAnswer } from './wrong-answer.js'

const HEAD_BYTES = 12
/** What fits into a datagram of IPv4. */
const MAX_BYTES = 65_507

/** @throws UsageError for sizes that no datagram has */
export function prepareNumbered(options: Options): OpenConversation {
  const { smallest, largest, text } = options.sizes
  if (smallest < HEAD_BYTES || largest > MAX_BYTES) {
    throw new UsageError(
      `--size ${text}: a datagram that can be told from others has ${HEAD_BYTES} to ${MAX_BYTES} bytes`,
    )
  }
  const pattern = new Pattern(largest)
  const datagram = Buffer.alloc(largest)
  return (connection, replied) => new Numbered(options, pattern, datagram, connection, replied)
}

class Numbered implements Conversation {
  verifiedBytes = 0
  private readonly random: Random
  private number = 0

  constructor(
    private readonly options: Options,
    private readonly pattern: Pattern,
    /** Where all conversations of a worker write their datagrams: an output copies them. */
    private readonly datagram: Buffer,
    private readonly connection: number,
    private readonly replied: Replied,
  ) {
    this.random = new Random(options.seed + connection)
  }

  request(out: Output): number {
    const { datagram, pattern, connection } = this
    const { sizes } = this.options
    const length = sizes.next(this.random)
    const number = this.number++
    const from = this.startOf(number)
    pattern.bytes.copy(datagram, HEAD_BYTES, from, from + length - HEAD_BYTES)
    datagram.writeUInt32BE(connection, 0)
    datagram.writeUInt32BE(number, 4)
    datagram.writeUInt32BE(length, 8)
    out.write(length === datagram.length ? datagram : datagram.subarray(0, length))
    return length
  }

  receive(bytes: Buffer): void {
    const { connection, pattern } = this
    const { length } = bytes
    if (length < HEAD_BYTES)
      throw new WrongAnswer(`connection ${connection} got a datagram of ${length} bytes`)
    if (bytes.readUInt32BE(0) !== connection) {
      throw new WrongAnswer(`connection ${connection} got a datagram that it had not sent`)
    }
    const number = bytes.readUInt32BE(4)
    const sent = bytes.readUInt32BE(8)
    if (sent !== length)
      throw new WrongAnswer(`connection ${connection} got ${length} of ${sent} bytes of datagram ${number}`)
    if (this.options.verify) {
      const from = this.startOf(number)
      if (pattern.bytes.compare(bytes, HEAD_BYTES, length, from, from + length - HEAD_BYTES) !== 0) {
        throw new WrongAnswer(`connection ${connection} got wrong bytes in datagram ${number}`)
      }
      this.verifiedBytes += length
    }
    this.replied(undefined, number)
  }

  private startOf(number: number): number {
    return this.pattern.offset((this.connection * 31 + number) % PATTERN_STARTS)
  }
}
