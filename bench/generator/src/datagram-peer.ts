/** A datagram socket with a conversation on it, and what became of each datagram. */
import { DatagramChannel, type DatagramHandlers, type EventLoop, SocketError } from '@pollux/core'
import { nowNs } from './clock.js'
import type { Options } from './options.js'
import type { Conversation, OpenConversation, Output } from './protocols/protocol.js'
import { WrongAnswer } from './protocols/wrong-answer.js'
import type { Recorder } from './recorder.js'

/** Losses are to be the server's: what it answers finds room here. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** How many datagrams that were given up are remembered. */
const MAX_LATE = 65_536

/** Who decides when datagrams leave. */
export interface DatagramOwner {
  readonly recorder: Recorder
  /** One of those in flight came back, or is given up: the next may leave. */
  onSettled(peer: DatagramPeer): void
}

export class DatagramPeer implements DatagramHandlers, Output {
  inFlight = 0
  isLost = false
  private readonly channel: DatagramChannel
  private readonly conversation: Conversation
  // The datagrams from `oldest` to before `next`, each at its number modulo the length: when its time began, and when it
  // left; 0: it came back.
  private sinceNs = new Float64Array(64)
  private sentNs = new Float64Array(64)
  private oldest = 0
  private next = 0
  /** Those that were given up, and may come after all. */
  private readonly late = new Set<number>()
  private onFirst: ((error?: Error) => void) | null = null

  /** @throws SocketError */
  constructor(
    loop: EventLoop,
    endpoint: Options['endpoint'],
    readonly number: number,
    private readonly owner: DatagramOwner,
    open: OpenConversation,
  ) {
    this.conversation = open(number, (failure, request) => this.replied(failure, request))
    this.channel = DatagramChannel.open(
      { loop, connect: endpoint, receiveBufferBytes: RECEIVE_BUFFER_BYTES },
      this,
    )
  }

  get verifiedBytes(): number {
    return this.conversation.verifiedBytes ?? 0
  }

  /** One datagram, of which it is only asked whether somebody is there to refuse it. Rejects then. */
  probe(timeoutMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.onFirst = (error) => {
        clearTimeout(timer)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.send(nowNs())
    }).finally(() => {
      this.onFirst = null
      // It is no part of what is measured, whether it comes or not.
      if (this.inFlight > 0) this.writeOff(this.oldest)
    })
  }

  send(sinceNs: number): void {
    if (this.next - this.oldest === this.sinceNs.length) this.grow()
    const place = this.next++ & (this.sinceNs.length - 1)
    this.sinceNs[place] = sinceNs
    this.sentNs[place] = nowNs()
    this.inFlight++
    this.conversation.request(this)
  }

  write(bytes: Buffer): void {
    this.channel.send(bytes)
  }

  text(text: string): void {
    this.channel.send(Buffer.from(text))
  }

  /** Counts those as lost that left before this time. */
  giveUp(beforeNs: number): void {
    const { owner } = this
    // In the order in which they left. What is sent in place of a lost one may make the rings grow.
    while (this.oldest < this.next) {
      const { sinceNs, sentNs } = this
      const place = this.oldest & (sinceNs.length - 1)
      if (sinceNs[place] !== 0) {
        if (sentNs[place] > beforeNs) return
        this.writeOff(this.oldest)
        owner.recorder.lose()
        owner.onSettled(this)
      } else {
        this.oldest++
      }
    }
  }

  close(): void {
    if (this.isLost) return
    this.isLost = true
    this.owner.recorder.verifiedBytes += this.verifiedBytes
    this.channel.destroy()
  }

  // --- called by the channel ---

  datagram(_channel: DatagramChannel, data: Buffer): void {
    const { recorder } = this.owner
    recorder.nowNs = nowNs()
    recorder.bytes += data.length
    this.conversation.receive(data)
  }

  error(_channel: DatagramChannel, error: unknown): void {
    if (error instanceof WrongAnswer) {
      this.owner.recorder.wrongAnswer(error.message)
    } else if (error instanceof SocketError) {
      if (this.onFirst !== null) this.onFirst(error)
      else this.owner.recorder.error(`${error.syscall} ${error.code}`)
    } else {
      throw error
    }
  }

  private replied(failure: string | undefined, request: number | undefined): void {
    const { recorder } = this.owner
    const { sinceNs, number } = this
    // The oldest has not come back, unless all have.
    const which = request ?? this.oldest
    if (which < this.oldest || which >= this.next || sinceNs[which & (sinceNs.length - 1)] === 0) {
      // It was given up, and counts as lost.
      if (this.late.delete(which)) return
      throw new WrongAnswer(
        `connection ${number} got an answer to datagram ${which} again, or without having sent it`,
      )
    }
    const place = which & (sinceNs.length - 1)
    const since = sinceNs[place]
    sinceNs[place] = 0
    this.inFlight--
    while (this.oldest < this.next && sinceNs[this.oldest & (sinceNs.length - 1)] === 0) this.oldest++
    this.onFirst?.()
    if (failure === undefined) recorder.record(recorder.nowNs - since)
    else recorder.error(failure)
    this.owner.onSettled(this)
  }

  /** The oldest will not be waited for any more. */
  private writeOff(request: number): void {
    this.sinceNs[request & (this.sinceNs.length - 1)] = 0
    this.inFlight--
    this.oldest++
    this.late.add(request)
    // Bounded: who is that late will be taken for one that came twice.
    if (this.late.size > MAX_LATE) for (const first of this.late) return void this.late.delete(first)
  }

  private grow(): void {
    const { sinceNs, sentNs } = this
    const mask = sinceNs.length - 1
    this.sinceNs = new Float64Array(sinceNs.length * 2)
    this.sentNs = new Float64Array(sinceNs.length * 2)
    for (let number = this.oldest; number < this.next; number++) {
      this.sinceNs[number & (mask * 2 + 1)] = sinceNs[number & mask]
      this.sentNs[number & (mask * 2 + 1)] = sentNs[number & mask]
    }
  }
}
