/** tcp and unix: what is sent comes back. */
import type { Options } from '../options.js'
import { Random } from '../random.js'
import type { Conversation, OpenConversation, Output, Replied } from './protocol.js'
import { GATHERED_BYTES, Tape } from './tape.js'
import { WrongAnswer } from './wrong-answer.js'

/** Conversations with an echo server: messages of `--size`, each compared with what came back where `--verify` asks for it. */
export function prepareEcho(options: Options): OpenConversation {
  const tape = new Tape(options.sizes)
  return (connection, replied) => new Echo(options, tape, connection, replied)
}

class Echo implements Conversation {
  verifiedBytes = 0
  private readonly random: Random | null
  /** Of the messages without a reply: a ring. */
  private readonly lengths: Int32Array
  private head = 0
  private count = 0
  /** Bytes of the first of them that came. */
  private received = 0
  /** Of all of them, what is to come. */
  private outstanding = 0
  /** On the tape: what is written next, and what is to come next. */
  private writePosition: number
  private readPosition: number
  /** Asked for and not written: what is asked for while replies are looked at leaves together. */
  private gathered = 0
  private isReceiving = false
  private out: Output | undefined

  constructor(
    private readonly options: Options,
    private readonly tape: Tape,
    private readonly connection: number,
    private readonly replied: Replied,
  ) {
    const { depth, sizes, seed } = options
    this.random = sizes.smallest === sizes.largest ? null : new Random(seed + connection)
    this.lengths = new Int32Array(depth)
    this.writePosition = tape.startOf(connection)
    this.readPosition = this.writePosition
  }

  request(out: Output): number {
    const { options, random, tape } = this
    const { sizes, depth } = options
    const length = random === null ? sizes.largest : sizes.next(random)
    let last = this.head + this.count++
    if (last >= depth) last -= depth
    this.lengths[last] = length
    this.outstanding += length
    this.out = out
    const most = Math.min(GATHERED_BYTES, tape.inOnePiece(this.writePosition))
    if (this.gathered + length > most) this.write()
    this.gathered += length
    if (!this.isReceiving) this.write()
    return length
  }

  receive(bytes: Buffer): void {
    if (bytes.length > this.outstanding)
      throw new WrongAnswer(`connection ${this.connection} got more bytes than it had sent`)
    if (this.options.verify) this.compare(bytes)
    this.outstanding -= bytes.length
    this.isReceiving = true
    this.take(bytes.length)
    this.isReceiving = false
    this.write()
  }

  /** So many bytes came: of each message that is whole, the next may leave. */
  private take(bytes: number): void {
    const { lengths } = this
    const { depth } = this.options
    let received = this.received + bytes
    while (this.count > 0 && received >= (lengths[this.head] as number)) {
      received -= lengths[this.head] as number
      this.head = this.head + 1 === depth ? 0 : this.head + 1
      this.count--
      this.replied()
    }
    this.received = received
  }

  private write(): void {
    const { gathered, writePosition, tape } = this
    if (gathered === 0) return
    this.gathered = 0
    this.writePosition = tape.after(writePosition, gathered)
    this.out?.write(tape.slice(writePosition, gathered))
  }

  private compare(bytes: Buffer): void {
    const { tape } = this
    const end = bytes.length
    for (let at = 0; at < end; ) {
      const length = Math.min(end - at, tape.inOnePiece(this.readPosition))
      const from = tape.offset(this.readPosition)
      if (bytes.compare(tape.bytes, from, from + length, at, at + length) !== 0) this.refuse(bytes, at, from)
      this.readPosition = tape.after(this.readPosition, length)
      at += length
    }
    this.verifiedBytes += end
  }

  /** @throws WrongAnswer that names the first wrong byte, from `at` on */
  private refuse(bytes: Buffer, at: number, from: number): never {
    let wrong = 0
    while (bytes[at + wrong] === this.tape.bytes[from + wrong]) wrong++
    let place = this.received + at + wrong
    let message = this.head
    while (place >= this.lengths[message]) {
      place -= this.lengths[message]
      message = (message + 1) % this.lengths.length
    }
    throw new WrongAnswer(
      `connection ${this.connection} got 0x${hex(bytes[at + wrong])} for 0x${hex(this.tape.bytes[from + wrong])} as byte ` +
        `${place} of a message of ${this.lengths[message]}`,
    )
  }
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, '0')
}
