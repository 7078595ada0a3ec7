/** A connection whose end is counted: as an error of some kind, unless we ended it. */
import { type EventLoop, SocketError, syscallName } from '@pollux/core'
import { DialedChannel } from './dial.js'
import { errnoName } from './errno-name.js'
import { WrongAnswer } from './protocols/wrong-answer.js'
import type { Recorder } from './recorder.js'

/** Who counts, and is told. */
export interface CountingOwner<Connection> {
  readonly recorder: Recorder
  /**
   * The connection is gone, and what it was asked will not be answered.
   *
   * @param kind what was counted as an error; undefined where nothing was: it was closed by us, or by the server while
   *   nothing was in flight or as it had announced
   */
  onLost(connection: Connection, kind?: string): void
}

export abstract class CountedChannel<Owner extends CountingOwner<never>> extends DialedChannel {
  protected isOver = false

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    readonly number: number,
    protected readonly owner: Owner,
  ) {
    super(loop, slot, generation)
  }

  get isLost(): boolean {
    return this.isOver
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
    this.destroy()
    this.owner.onLost(this as never, kind)
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
}
