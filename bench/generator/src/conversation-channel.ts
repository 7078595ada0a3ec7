/** A connection with a conversation on it, and the times at which its requests left or were due. */
import { type EventLoop, Op, SocketError, syscallName } from '@pollux/core'
import { nowNs } from './clock.js'
import { DialedChannel } from './dial.js'
import { errnoName } from './errno-name.js'
import type { Conversation, OpenConversation, Output } from './protocols/protocol.js'
import { WrongAnswer } from './protocols/wrong-answer.js'
import type { Recorder } from './recorder.js'

/** Who decides when requests leave. */
export interface ConversationOwner {
  readonly recorder: Recorder
  /** A reply came: the next request may leave. */
  onReplied(channel: ConversationChannel): void
  /**
   * The connection is gone, and what it was asked will not be answered.
   *
   * @param kind what was counted as an error; undefined where nothing was: it was closed by us, or by the server while
   *   nothing was in flight or as it had announced
   */
  onLost(channel: ConversationChannel, kind?: string): void
}

export class ConversationChannel extends DialedChannel implements Output {
  /** Requests without a reply. */
  inFlight = 0
  /** Replies so far. */
  replies = 0
  /** Since when nothing has come although something is in flight. */
  silentSinceNs = nowNs()
  private readonly conversation: Conversation
  /** When the requests in flight left or were due: a ring, oldest first. */
  private readonly times: Float64Array
  private oldest = 0
  private isOver = false

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    readonly number: number,
    private readonly owner: ConversationOwner,
    open: OpenConversation,
    depth: number,
  ) {
    super(loop, slot, generation)
    this.times = new Float64Array(depth)
    this.conversation = open(number, (failure) => this.replied(failure))
  }

  get isLost(): boolean {
    return this.isOver
  }

  get verifiedBytes(): number {
    return this.conversation.verifiedBytes ?? 0
  }

  /** Sends the next request; its latency counts from `sinceNs`. */
  send(sinceNs: number): void {
    const { times } = this
    if (this.inFlight === 0 && sinceNs > this.silentSinceNs) this.silentSinceNs = sinceNs
    times[(this.oldest + this.inFlight) % times.length] = sinceNs
    this.inFlight++
    this.conversation.request(this)
  }

  write(bytes: Buffer): void {
    const { slot, generation } = this
    this.loop.submissions.copy(slot, generation, bytes, bytes.length)
  }

  text(text: string): void {
    this.loop.submissions.text(this.slot, this.generation, text, 'utf8')
  }

  /** The connection is of no use any more. */
  lose(kind: string): void {
    if (this.isOver) return
    this.owner.recorder.error(kind)
    this.end(kind)
  }

  /** Closes without a word. */
  end(kind?: string): void {
    if (this.isOver) return
    this.isOver = true
    this.owner.recorder.verifiedBytes += this.verifiedBytes
    this.submit(Op.DESTROY)
    this.owner.onLost(this, kind)
  }

  override onData(chunk: Buffer): void {
    if (this.isOver) return
    const { recorder } = this.owner
    recorder.nowNs = nowNs()
    this.silentSinceNs = recorder.nowNs
    recorder.bytes += chunk.length
    this.conversation.receive(chunk)
  }

  override onEnd(): void {
    if (this.isOver) return
    this.owner.recorder.nowNs = nowNs()
    const completes = this.conversation.ended?.() ?? false
    if (completes || this.inFlight === 0) this.end()
    else this.lose('closed by the server')
  }

  override onError(errno: number, syscall: number): void {
    if (this.settle === null) this.lose(`${syscallName(syscall)} ${errnoName(errno)}`)
  }

  override onClosed(): void {
    this.lose('closed')
  }

  override fail(error: unknown): void {
    if (error instanceof WrongAnswer) {
      if (this.isOver) return
      this.owner.recorder.wrongAnswer(error.message)
      this.end('wrong answer')
    } else if (error instanceof SocketError) {
      this.lose(error.code ?? error.message)
    } else {
      throw error
    }
  }

  private replied(failure?: string): void {
    const { times, oldest } = this
    const { recorder } = this.owner
    const sinceNs = times[oldest] as number
    this.oldest = oldest + 1 === times.length ? 0 : oldest + 1
    this.inFlight--
    this.replies++
    if (failure === undefined) recorder.record(recorder.nowNs - sinceNs)
    else recorder.error(failure)
    if (this.isOver) return
    // What was asked beyond the last reply was not heard any more.
    if (this.conversation.closes === true) this.end()
    else this.owner.onReplied(this)
  }
}
