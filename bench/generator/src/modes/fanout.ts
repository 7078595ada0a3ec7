/**
 * The mode `fanout`: the first connection sends a message, the server passes it on to all of them, and the next is sent
 * when everybody has it. A message is one that arrived, and every one is compared with what was sent; the latency is the
 * time until the last connection had it. So a lost message is an answer that does not come, and one that comes twice is a
 * wrong one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { nowNs } from '../clock.js'
import { connect, connectAll } from '../dial.js'
import { PATTERN_STARTS, Pattern } from '../pattern.js'
import { WrongAnswer } from '../protocols/wrong-answer.js'
import type { Recorder } from '../recorder.js'
import { Subscriber } from '../subscriber.js'
import { UsageError } from '../usage-error.js'
import type { Job, Load } from './load.js'

/** How often it is looked for messages that do not come. */
const LOOK_MS = 100

export class Fanout implements Load {
  readonly recorder: Recorder
  verifiedBytes = 0
  onAllLost?: () => void
  private readonly subscribers = new Set<Subscriber>()
  private readonly pattern: Pattern
  private readonly size: number
  // The message that is under way: its number, where its bytes are, since when, and how many have not got it.
  private number = 0
  private from = 0
  private sentNs = 0
  private waiting = 0
  /** The server may not have accepted everybody yet. */
  private isSettling = true
  private settled: (() => void) | undefined
  /** When something came, until all have settled. */
  private heardNs = 0
  private isRunning = false
  private watch: NodeJS.Timeout | undefined

  constructor(private readonly job: Job) {
    this.recorder = job.recorder
    this.size = job.options.sizes.largest
    this.pattern = new Pattern(this.size)
  }

  /**
   * Connects, and waits until everybody has got the same message: a connection that is made is not one that the server
   * has accepted, and who is late for a message will never get it. So messages are sent until one has reached all.
   */
  async open(): Promise<void> {
    const { loop, options, first, count } = this.job
    await connectAll(first, count, (number) =>
      connect(loop, options, number, (...place) => {
        const subscriber = new Subscriber(...place, number, this)
        this.subscribers.add(subscriber)
        return subscriber
      }),
    )
    const settled = new Promise<void>((resolve) => {
      this.settled = resolve
    })
    const deadline = nowNs() + options.timeoutMs * 1e6
    while (this.isSettling && nowNs() < deadline && this.subscribers.size > 0) {
      // Not while the last one is still on its way to others.
      if (nowNs() - this.heardNs > LOOK_MS * 1e6) this.publish()
      await Promise.race([settled, sleep(LOOK_MS)])
    }
    if (!this.isSettling) return
    throw new UsageError(
      `${this.waiting} of ${count} connections have got no message in ${options.timeoutMs} ms: is this a server that ` +
        `passes messages of ${this.size} bytes (--size) on to all?`,
    )
  }

  start(): void {
    this.isRunning = true
    this.watch = setInterval(() => this.giveUpOnSilence(), LOOK_MS)
    this.publish()
  }

  async stop(): Promise<void> {
    this.isRunning = false
    while (this.waiting > 0) await sleep(1)
  }

  close(): void {
    this.isRunning = false
    clearInterval(this.watch)
    for (const subscriber of this.subscribers) subscriber.end()
  }

  // --- called by the subscribers ---

  receive(subscriber: Subscriber, bytes: Buffer): void {
    if (this.isSettling) {
      this.settle(subscriber, bytes)
      return
    }
    const { number, size, recorder } = this
    const { length } = bytes
    recorder.bytes += length
    if (subscriber.message !== number) {
      subscriber.message = number
      subscriber.got = 0
    }
    const got = subscriber.got + length
    if (this.waiting === 0 || got > size) {
      throw new WrongAnswer(`connection ${subscriber.number} got more than one message`)
    }
    const at = this.from + subscriber.got
    if (this.pattern.bytes.compare(bytes, 0, length, at, at + length) !== 0) {
      throw new WrongAnswer(`connection ${subscriber.number} got wrong bytes`)
    }
    this.verifiedBytes += length
    subscriber.got = got
    if (got < size) return
    recorder.count()
    this.oneLess()
  }

  onLost(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber)
    if (this.subscribers.size === 0 && this.isRunning) this.onAllLost?.()
    if (this.waiting > 0 && !this.has(subscriber)) this.oneLess()
  }

  private publish(): void {
    const [sender] = this.subscribers
    if (sender === undefined) return
    this.from = this.pattern.offset(++this.number % PATTERN_STARTS)
    this.waiting = this.subscribers.size
    this.sentNs = nowNs()
    sender.write(this.pattern.message(this.number % PATTERN_STARTS, this.size))
  }

  private oneLess(): void {
    if (--this.waiting > 0) return
    if (this.isSettling) {
      this.isSettling = false
      this.settled?.()
      return
    }
    this.recorder.time(nowNs() - this.sentNs)
    if (this.isRunning) this.publish()
  }

  /** Whether it has got the present message. */
  private has({ message, got, matches }: Subscriber): boolean {
    return message === this.number && got === this.size && matches
  }

  /** What came may be any of the messages that were sent so far; only the last one counts. */
  private settle(subscriber: Subscriber, bytes: Buffer): void {
    const { size, pattern } = this
    this.heardNs = nowNs()
    for (let at = 0; at < bytes.length; ) {
      if (subscriber.got === size || subscriber.message === 0) {
        if (this.has(subscriber))
          throw new WrongAnswer(`connection ${subscriber.number} got more than one message`)
        subscriber.message = this.number
        subscriber.got = 0
        subscriber.matches = true
      }
      const until = at + Math.min(size - subscriber.got, bytes.length - at)
      const from = pattern.offset(subscriber.message % PATTERN_STARTS) + subscriber.got
      if (pattern.bytes.compare(bytes, at, until, from, from + until - at) !== 0) subscriber.matches = false
      subscriber.got += until - at
      at = until
      if (this.has(subscriber)) this.oneLess()
    }
  }

  private giveUpOnSilence(): void {
    if (this.waiting === 0 || nowNs() - this.sentNs < this.job.options.timeoutMs * 1e6) return
    // What they lack may still come, so these connections are of no use any more.
    for (const subscriber of [...this.subscribers]) if (!this.has(subscriber)) subscriber.lose('no answer')
  }
}
