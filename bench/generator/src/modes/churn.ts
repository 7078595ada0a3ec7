/**
 * The mode `churn`: so many connections at a time, each of which connects, asks, is answered and closes. A message is one
 * such connection, and its latency goes from the beginning of connect(2) to the whole answer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLoop } from '@pollux/core'
import { nowNs } from '../clock.js'
import { ConversationChannel, type ConversationOwner } from '../conversation-channel.js'
import { connect, type Dial, isLoopback, startConnecting } from '../dial.js'
import { errnoName } from '../errno-name.js'
import { prepareProtocol } from '../protocols/prepare.js'
import type { OpenConversation } from '../protocols/protocol.js'
import type { Recorder } from '../recorder.js'
import type { Job, Load } from './load.js'

/** How often it is looked for connections that take too long. */
const LOOK_MS = 100
/** After a connection that was not made: a server that refuses must not be asked a hundred thousand times a second. */
const PAUSE_MS = 10
/** With less than this until the next connection is due, a timer is too coarse. */
const SPIN_NS = 2e6

export class Churn implements Load, ConversationOwner {
  readonly recorder: Recorder
  private readonly live = new Set<Exchange>()
  private readonly dial: Dial
  /** Another place among the source addresses for each run: the last one's connections are still in TIME_WAIT. */
  private readonly firstSource = Math.floor(Math.random() * 1e6)
  private conversations!: OpenConversation
  private begun = 0
  /** Places of connections that were not made. */
  private pausing = 0
  private isRunning = false
  private startNs = 0
  private watch: NodeJS.Timeout | undefined

  constructor(private readonly job: Job) {
    const { endpoint, sourceAddresses, timeoutMs } = job.options
    this.recorder = job.recorder
    // One address has some 28,000 ports, and each that was closed is taken for a minute.
    this.dial = { endpoint, timeoutMs, sourceAddresses: sourceAddresses || isLoopback(endpoint) }
  }

  /** Connects once, to see whether somebody is there. */
  async open(): Promise<void> {
    const { loop, options } = this.job
    this.conversations = await prepareProtocol(options)
    const first = await connect(loop, this.dial, this.firstSource, (...place) => this.make(place, 0))
    first.end()
  }

  start(startNs: number): void {
    this.isRunning = true
    this.startNs = startNs
    this.watch = setInterval(() => this.giveUpOnSilence(), LOOK_MS)
    this.tick()
  }

  async stop(): Promise<void> {
    this.isRunning = false
    // Those that take too long are given up by the watch, so this ends.
    while (this.live.size > 0) await sleep(1)
  }

  close(): void {
    this.isRunning = false
    clearInterval(this.watch)
    for (const exchange of this.live) exchange.end()
  }

  get verifiedBytes(): number {
    let sum = 0
    for (const exchange of this.live) sum += exchange.verifiedBytes
    return sum
  }

  onReplied(): void {}

  onLost(channel: ConversationChannel): void {
    if (this.live.delete(channel as Exchange)) this.begin()
  }

  /** Begins connections until all places are taken, or the next is not due yet. Returns when it is. */
  private begin(): number {
    const { count, options } = this.job
    const { loop } = options
    while (this.isRunning && this.live.size + this.pausing < count) {
      const now = nowNs()
      if (loop.kind === 'closed') {
        this.exchange(now)
        continue
      }
      // This worker's share of the rate.
      const due = this.startNs + (this.begun * 1e9 * options.connections) / (loop.rate * count)
      if (due > now) return due
      this.exchange(due)
    }
    return Number.POSITIVE_INFINITY
  }

  private exchange(dueNs: number): void {
    const number = this.job.first + this.begun++
    let exchange: Exchange
    try {
      exchange = startConnecting(this.job.loop, this.dial, this.firstSource + this.begun, (...place) =>
        this.make(place, number),
      )
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === undefined) throw error
      this.recorder.error(`connect ${code}`)
      this.pause()
      return
    }
    this.live.add(exchange)
    exchange.settle = (errno) => {
      if (errno === 0) {
        exchange.send(dueNs)
        return
      }
      // Before it is lost, so that its place is not taken at once.
      this.pause()
      exchange.lose(`connect ${errnoName(errno)}`)
    }
  }

  private make([loop, slot, generation]: [EventLoop, number, number], number: number): Exchange {
    return new Exchange(loop, slot, generation, number, this, this.conversations)
  }

  private pause(): void {
    this.pausing++
    setTimeout(() => {
      this.pausing--
      this.begin()
    }, PAUSE_MS)
  }

  private readonly tick = (): void => {
    const due = this.begin()
    if (!this.isRunning || this.job.options.loop.kind === 'closed') return
    const left = due - nowNs()
    // All places are taken: the next that is free begins what is due.
    if (left === Number.POSITIVE_INFINITY) setTimeout(this.tick, 1)
    else if (left < SPIN_NS) setImmediate(this.tick)
    else setTimeout(this.tick, Math.floor(left / 1e6) - 1)
  }

  private giveUpOnSilence(): void {
    const earliest = nowNs() - this.job.options.timeoutMs * 1e6
    // In the order of their beginning.
    for (const exchange of this.live) {
      if (exchange.begunNs > earliest) return
      exchange.lose('no answer')
    }
  }
}

/** One connection. */
class Exchange extends ConversationChannel {
  readonly begunNs = nowNs()

  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    number: number,
    owner: Churn,
    open: OpenConversation,
  ) {
    super(loop, slot, generation, number, owner, open, 1)
  }

  override onData(chunk: Buffer): void {
    super.onData(chunk)
    // Not before all that came was looked at: it may be more than the answer.
    if (this.replies > 0) this.end()
  }
}
