/** A connection with a conversation on it, and the times at which its requests left or were due. */
import type { EventLoop } from '@pollux/core'
import { nowNs } from './clock.js'
import { CountedChannel, type CountingOwner } from './counted-channel.js'
import type { Conversation, OpenConversation } from './protocols/protocol.js'

/** Who decides when requests leave. */
export interface ConversationOwner extends CountingOwner<ConversationChannel> {
  /** A reply came: the next request may leave. */
  onReplied(channel: ConversationChannel): void
}

export class ConversationChannel extends CountedChannel<ConversationOwner> {
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

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    number: number,
    owner: ConversationOwner,
    open: OpenConversation,
    depth: number,
  ) {
    super(loop, slot, generation, number, owner)
    this.times = new Float64Array(depth)
    this.conversation = open(number, (failure) => this.replied(failure))
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

  override end(kind?: string): void {
    if (!this.isOver) this.owner.recorder.verifiedBytes += this.verifiedBytes
    super.end(kind)
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
