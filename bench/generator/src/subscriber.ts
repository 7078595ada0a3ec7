/** A connection on which messages of others come. */
import { type EventLoop, Op, syscallName } from '@pollux/core'
import { DialedChannel } from './dial.js'
import { errnoName } from './errno-name.js'
import { WrongAnswer } from './protocols/wrong-answer.js'
import type { Recorder } from './recorder.js'

/** Who looks at what comes. */
export interface SubscriberOwner {
  readonly recorder: Recorder
  /** @throws WrongAnswer, which ends the connection */
  receive(subscriber: Subscriber, bytes: Buffer): void
  /** The connection is gone. */
  onLost(subscriber: Subscriber): void
}

export class Subscriber extends DialedChannel {
  /** The last message of which something came, how much of it, and whether it was that one. */
  message = 0
  got = 0
  matches = true
  private isOver = false

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    readonly number: number,
    private readonly owner: SubscriberOwner,
  ) {
    super(loop, slot, generation)
  }

  write(bytes: Buffer): void {
    this.loop.submissions.copy(this.slot, this.generation, bytes, bytes.length)
  }

  lose(kind: string): void {
    if (this.isOver) return
    this.owner.recorder.error(kind)
    this.end()
  }

  /** Closes without a word. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.submit(Op.DESTROY)
    this.owner.onLost(this)
  }

  override onData(chunk: Buffer): void {
    if (!this.isOver) this.owner.receive(this, chunk)
  }

  override onEnd(): void {
    this.lose('closed by the server')
  }

  override onError(errno: number, syscall: number): void {
    if (this.settle === null) this.lose(`${syscallName(syscall)} ${errnoName(errno)}`)
  }

  override onClosed(): void {
    this.lose('closed')
  }

  override fail(error: unknown): void {
    if (!(error instanceof WrongAnswer)) throw error
    if (this.isOver) return
    this.owner.recorder.wrongAnswer(error.message)
    this.end()
  }
}
