/** A connection that asks and asks, and reads slowly or not at all. */
import { Column, type EventLoop, Op, TABLE_COLUMNS } from '@pollux/core'
import { DialedChannel } from './dial.js'
import type { Conversation, OpenConversation } from './protocols/protocol.js'
import { WrongAnswer } from './protocols/wrong-answer.js'

/** What is written ahead of the kernel. */
const QUEUED_BYTES = 256 * 1024

/** Who is told what became of it. */
export interface SlowReaderOwner {
  /** It is answered for the first time, or gone before that: from now on it is slow. */
  onSlow(reader: SlowReader): void
  /** The server has closed it, or it failed. */
  onGone(reader: SlowReader, kind: string): void
}

/**
 * At first it reads one answer, which tells how large they are; then it asks for `unreadBytes` of them, as fast as the
 * server takes requests, and reads as much as `read` allows.
 */
export class SlowReader extends DialedChannel {
  /** Bytes of requests, and of replies that were read. */
  sentBytes = 0
  readBytes = 0
  private readonly conversation: Conversation
  private isSlow = false
  private isOver = false
  /** Bytes of one answer, or of one request where that is more. */
  private answerBytes = 0
  /** Answers that may stay unread. */
  private asked = 0
  /** Bytes that may be read now. */
  private allowance = 0

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    number: number,
    private readonly owner: SlowReaderOwner,
    open: OpenConversation,
    private readonly unreadBytes: number,
  ) {
    super(loop, slot, generation)
    this.conversation = open(number, () => this.becomeSlow())
  }

  /** Asks for the answer that is read. */
  begin(): void {
    this.answerBytes = this.conversation.request(this)
    this.sentBytes = this.answerBytes
  }

  /** So many more bytes may be read. What was not read before is not added up. */
  read(bytes: number): void {
    if (this.isOver || !this.isSlow) return
    this.allowance = Math.min(bytes, this.allowance + bytes)
    if (this.allowance > 0) this.submit(Op.RESUME)
  }

  /** Closes without a word. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.submit(Op.DESTROY)
  }

  override onData(chunk: Buffer): void {
    if (this.isOver) return
    this.readBytes += chunk.length
    if (!this.isSlow) {
      this.conversation.receive(chunk)
      return
    }
    this.allowance -= chunk.length
    if (this.allowance <= 0) this.submit(Op.PAUSE)
    this.ask()
  }

  override onDrain(): void {
    this.ask()
  }

  override onEnd(): void {
    this.lose('closed by the server')
  }

  override onError(): void {
    if (this.settle === null) this.lose('reset by the server')
  }

  override onClosed(): void {
    this.lose('closed')
  }

  override fail(error: unknown): void {
    if (!(error instanceof WrongAnswer)) throw error
    this.lose('wrong answer')
  }

  private becomeSlow(): void {
    if (this.isSlow || this.isOver) return
    this.isSlow = true
    this.answerBytes = Math.max(this.answerBytes, this.readBytes)
    this.submit(Op.PAUSE)
    this.owner.onSlow(this)
    this.ask()
  }

  /** As many requests as may be unread, while the kernel takes them. */
  private ask(): void {
    if (this.isOver) return
    const most = (this.unreadBytes + this.readBytes) / this.answerBytes
    while (this.asked < most) {
      if (this.loop.table[this.slot * TABLE_COLUMNS + Column.QUEUED] > QUEUED_BYTES) {
        this.submit(Op.WATCH_DRAIN, QUEUED_BYTES / 2)
        return
      }
      this.asked++
      this.sentBytes += this.conversation.request(this)
    }
  }

  private lose(kind: string): void {
    if (this.isOver) return
    this.end()
    this.owner.onGone(this, kind)
  }
}
