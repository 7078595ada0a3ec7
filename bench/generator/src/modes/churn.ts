/**
 * The mode `churn`: so many connections at a time, each of which connects, asks, gets its answers and closes. A message is
 * one such connection, and its latency goes from the beginning of connect(2) to the last answer.
 */
import type { Conversation } from '../protocols/protocol.js'
import { type Destination, dial, dialFailure, StreamChannel, TIMEOUT } from '../sockets/stream.js'
import { type Mode, type ModeContext, nowNs } from './mode.js'

/** After a connection that was not made: a server that refuses must not be asked a hundred thousand times a second. */
const PAUSE_MS = 10
/** How often times are looked at: those to begin at, and those to end at. */
const TICK_MS = 1

export class Churn implements Mode {
  private readonly context: ModeContext
  private readonly live = new Set<ChurnConnection>()
  private begun = 0
  private waiting = 0
  private stopping = false
  private startNs = 0
  private timer: NodeJS.Timeout | undefined
  private started: ((error?: Error) => void) | undefined
  private stopped: (() => void) | undefined

  constructor(context: ModeContext) {
    this.context = context
  }

  /** Resolves with the first connection; rejects where that can't be made. */
  async start(): Promise<void> {
    const first = new Promise<void>((resolve, reject) => {
      this.started = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.startNs = nowNs()
    this.timer = setInterval(() => this.tick(), TICK_MS)
    this.begin()
    try {
      await first
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    this.stopping = true
    return new Promise((resolve) => {
      this.stopped = resolve
      this.endIfIdle()
    })
  }

  /** Begins as many connections as there is room and time for. */
  private begin(): void {
    const { connections, rate } = this.context
    while (!this.stopping && this.live.size + this.waiting < connections) {
      const now = nowNs()
      const due = rate === undefined ? now : this.startNs + (this.begun * 1e9) / rate
      if (due > now) return
      this.dial(due)
    }
  }

  private dial(dueNs: number): void {
    const index = this.begun++
    const { destination } = this.context
    try {
      const make = (slot: number, generation: number) =>
        new ChurnConnection(destination, slot, generation, this, this.context, index, dueNs)
      this.live.add(dial(destination, make))
    } catch (error) {
      this.failed(dialFailure(error), error as Error, true)
    }
  }

  private tick(): void {
    const late = nowNs() - this.context.timeoutMs * 1e6
    // In the order of their beginning.
    for (const connection of this.live) {
      if (connection.begunNs > late) break
      connection.giveUp()
    }
    this.begin()
    this.endIfIdle()
  }

  // --- called by the connections ---

  done(latencyNs: number, bytes: number, verifiedBytes: number): void {
    const { recorder } = this.context
    this.reportStart()
    recorder.count(1, bytes, verifiedBytes)
    recorder.latency(latencyNs)
  }

  failed(kind: string, error: Error, unconnected: boolean): void {
    this.context.recorder.error(kind)
    this.reportStart(unconnected ? error : undefined)
    if (!unconnected) return
    this.waiting++
    setTimeout(() => {
      this.waiting--
      this.begin()
      this.endIfIdle()
    }, PAUSE_MS)
  }

  closed(connection: ChurnConnection): void {
    this.live.delete(connection)
    this.begin()
    this.endIfIdle()
  }

  private reportStart(error?: Error): void {
    this.started?.(error)
    this.started = undefined
  }

  private endIfIdle(): void {
    if (!this.stopping || this.live.size + this.waiting > 0) return
    clearInterval(this.timer)
    this.stopped?.()
  }
}

class ChurnConnection extends StreamChannel {
  readonly begunNs = nowNs()
  private readonly churn: Churn
  private readonly conversation: Conversation
  private readonly depth: number
  private readonly dueNs: number
  /** Answers that have not come. */
  private left: number
  private bytes = 0
  private isConnected = false
  private failure: string | undefined = undefined

  constructor(
    destination: Destination,
    slot: number,
    generation: number,
    churn: Churn,
    context: ModeContext,
    index: number,
    dueNs: number,
  ) {
    super(destination.loop, slot, generation)
    this.churn = churn
    this.depth = context.depth
    this.left = context.depth
    this.dueNs = dueNs
    this.conversation = context.open(index, (failure) => {
      this.left--
      this.failure ??= failure
    })
  }

  giveUp(): void {
    this.give(TIMEOUT, new Error('the server took too long'))
  }

  protected connected(): void {
    this.isConnected = true
    for (let i = 0; i < this.depth; i++) this.conversation.request(this)
  }

  protected received(bytes: Buffer): void {
    this.bytes += bytes.length
    this.conversation.receive(bytes)
    if (this.left === 0) this.finish()
  }

  protected override ended(): void {
    // What closes the connection may be the end of an answer.
    this.conversation.ended?.()
    if (this.left === 0) this.finish()
    else super.ended()
  }

  protected failed(kind: string, error: Error): void {
    this.churn.failed(kind, error, !this.isConnected)
  }

  protected closed(): void {
    this.churn.closed(this)
  }

  private finish(): void {
    this.close()
    if (this.failure === undefined) {
      this.churn.done(nowNs() - this.dueNs, this.bytes, this.conversation.verifiedBytes ?? 0)
    } else {
      this.churn.failed(this.failure, new Error(this.failure), false)
    }
  }
}
