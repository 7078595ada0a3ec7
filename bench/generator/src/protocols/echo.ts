/** tcp and unix: what is sent comes back. */
import type { Options } from '../options.js'
import { PATTERN_STARTS, Pattern } from '../pattern.js'
import { Random } from '../random.js'
import type { Conversation, OpenConversation, Output, Replied } from './protocol.js'
import { WrongAnswer } from './wrong-answer.js'

/** Conversations with an echo server: messages of `--size`, each compared with what came back where `--verify` asks for it. */
export function prepareEcho(options: Options): OpenConversation {
  const pattern = new Pattern(options.sizes.largest)
  return (connection, replied) => new Echo(options, pattern, connection, replied)
}

class Echo implements Conversation {
  verifiedBytes = 0
  private readonly random: Random | null
  /** The messages without a reply: a ring of their starts in the pattern and of their lengths. */
  private readonly starts: Int32Array
  private readonly lengths: Int32Array
  private head = 0
  private count = 0
  /** Bytes of the first of them that came. */
  private received = 0
  private nextStart: number

  constructor(
    private readonly options: Options,
    private readonly pattern: Pattern,
    private readonly connection: number,
    private readonly replied: Replied,
  ) {
    const { depth, sizes, seed } = options
    this.random = sizes.smallest === sizes.largest ? null : new Random(seed + connection)
    this.starts = new Int32Array(depth)
    this.lengths = new Int32Array(depth)
    this.nextStart = (connection * 31) % PATTERN_STARTS
  }

  request(out: Output): number {
    const { options, random } = this
    const length = random === null ? options.sizes.largest : options.sizes.next(random)
    const start = this.nextStart
    this.nextStart = start + 1 === PATTERN_STARTS ? 0 : start + 1
    const at = (this.head + this.count) % options.depth
    this.starts[at] = start
    this.lengths[at] = length
    this.count++
    out.write(this.pattern.message(start, length))
    return length
  }

  receive(bytes: Buffer): void {
    const { depth, verify } = this.options
    const end = bytes.length
    for (let at = 0; at < end; ) {
      if (this.count === 0)
        throw new WrongAnswer(`connection ${this.connection} got more bytes than it had sent`)
      const { head } = this
      const length = this.lengths[head] as number
      const part = Math.min(length - this.received, end - at)
      if (verify) this.compare(bytes, at, part)
      at += part
      this.received += part
      if (this.received < length) return
      this.received = 0
      this.head = head + 1 === depth ? 0 : head + 1
      this.count--
      this.replied()
    }
  }

  private compare(bytes: Buffer, at: number, length: number): void {
    const expected = this.pattern.offset(this.starts[this.head] as number) + this.received
    if (bytes.compare(this.pattern.bytes, expected, expected + length, at, at + length) !== 0) {
      let wrong = 0
      while (bytes[at + wrong] === this.pattern.bytes[expected + wrong]) wrong++
      throw new WrongAnswer(
        `connection ${this.connection} got 0x${hex(bytes[at + wrong])} for 0x${hex(this.pattern.bytes[expected + wrong])} as byte ` +
          `${this.received + wrong} of a message of ${this.lengths[this.head]}`,
      )
    }
    this.verifiedBytes += length
  }
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, '0')
}
