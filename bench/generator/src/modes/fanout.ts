/**
 * The mode `fanout`: the first connection sends a message, the server passes it on to all of them, and the next is sent
 * when everybody has it. A message is one that arrived, and every one is compared with what was sent; the latency is the
 * time until the last connection had it. So a lost message ends in a timeout, and one that comes twice is a wrong answer.
 */
import { WrongAnswer } from '../protocols/wrong-answer.js'
import { HeldConnection, openAll } from '../sockets/held.js'
import { type Destination, TIMEOUT } from '../sockets/stream.js'
import { type Mode, type ModeContext, nowNs } from './mode.js'

/** The bytes that messages are pieces of. */
export interface MessageSource {
  readonly bytes: Buffer
  /** Where message `number` begins in them. */
  startOf(number: number): number
}

const LOOK_MS = 100

export class Fanout implements Mode {
  private readonly context: ModeContext
  private readonly source: MessageSource
  private readonly size: number
  private readonly subscribers = new Set<Subscriber>()
  // The message that is under way: its number, where its bytes are, since when, and how many have not got it.
  private number = 0
  private from = 0
  private sentNs = 0
  private waiting = 0
  /** The server may not have accepted everybody yet. */
  private settling = true
  private startedNs = 0
  private begun: ((error?: Error) => void) | undefined
  private stopping = false
  private timer: NodeJS.Timeout | undefined
  private stopped: (() => void) | undefined

  /** @param size of each message; a server that reads messages of a fixed length must be told the same */
  constructor(context: ModeContext, source: MessageSource, size: number) {
    this.context = context
    this.source = source
    this.size = size
  }

  /**
   * Resolves when everybody has got the same message. A connection that is made is not one that the server has accepted:
   * who came too late for a message will never get it, so others are sent until one has reached all.
   */
  async start(): Promise<void> {
    const { destination, connections } = this.context
    const make = (slot: number, generation: number, index: number) =>
      new Subscriber(destination, slot, generation, index, this)
    for (const subscriber of await openAll(destination, connections, make)) {
      if (!subscriber.isOver) this.subscribers.add(subscriber)
    }
    this.startedNs = nowNs()
    this.timer = setInterval(() => this.look(), LOOK_MS)
    const settled = new Promise<void>((resolve, reject) => {
      this.begun = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.publish()
    await settled
  }

  stop(): Promise<void> {
    this.stopping = true
    return new Promise((resolve) => {
      this.stopped = resolve
      if (this.waiting === 0) this.end()
    })
  }

  private publish(): void {
    const [sender] = this.subscribers
    if (this.stopping || sender === undefined) {
      this.end(this.settling ? new Error('the server has closed all connections') : undefined)
      return
    }
    this.from = this.source.startOf(++this.number)
    this.waiting = this.subscribers.size
    this.sentNs = nowNs()
    sender.write(this.source.bytes.subarray(this.from, this.from + this.size))
  }

  private look(): void {
    const { timeoutMs, connections } = this.context
    const since = this.settling ? this.startedNs : this.sentNs
    const isLate = nowNs() - since >= timeoutMs * 1e6
    if (this.settling) {
      if (!isLate) this.publish()
      else {
        this.end(
          new Error(
            `${this.waiting} of ${connections} connections have got no message in ${timeoutMs} ms; is this a server ` +
              `that passes messages of ${this.size} bytes on to all?`,
          ),
        )
      }
      return
    }
    if (this.waiting === 0 || !isLate) return
    // What they lack may still come, so these connections are of no use any more.
    for (const subscriber of this.subscribers) if (!this.has(subscriber)) subscriber.giveUp()
  }

  private end(error?: Error): void {
    clearInterval(this.timer)
    this.begun?.(error)
    this.begun = undefined
    for (const subscriber of this.subscribers) subscriber.close()
    this.subscribers.clear()
    this.stopped?.()
  }

  private has(subscriber: Subscriber): boolean {
    return subscriber.message === this.number && subscriber.got === this.size && subscriber.matches
  }

  // --- called by the subscribers ---

  receive(subscriber: Subscriber, bytes: Buffer): void {
    if (this.settling) {
      this.settle(subscriber, bytes)
      return
    }
    const { number, size, source } = this
    const { length } = bytes
    if (subscriber.message !== number) {
      subscriber.message = number
      subscriber.got = 0
    }
    const got = subscriber.got + length
    if (this.waiting === 0 || got > size) {
      throw new WrongAnswer(`connection ${subscriber.index} got more than one message`)
    }
    const at = this.from + subscriber.got
    if (source.bytes.compare(bytes, 0, length, at, at + length) !== 0) {
      throw new WrongAnswer(`connection ${subscriber.index} got wrong bytes`)
    }
    subscriber.got = got
    this.context.recorder.count(got === size ? 1 : 0, length, length)
    if (got === size) this.oneLess()
  }

  /** What came may be any of the messages that were sent so far; only the last one counts. */
  private settle(subscriber: Subscriber, bytes: Buffer): void {
    const { size, source } = this
    for (let at = 0; at < bytes.length && this.settling; ) {
      if (subscriber.got === size || subscriber.message === 0) {
        subscriber.message = this.number
        subscriber.got = 0
        subscriber.matches = true
      }
      const until = at + Math.min(size - subscriber.got, bytes.length - at)
      const from = source.startOf(subscriber.message) + subscriber.got
      if (source.bytes.compare(bytes, at, until, from, from + until - at) !== 0) subscriber.matches = false
      subscriber.got += until - at
      at = until
      if (this.has(subscriber)) this.oneLess()
    }
  }

  broke(subscriber: Subscriber, kind: string): void {
    if (!this.subscribers.delete(subscriber)) return
    this.context.recorder.error(kind)
    if (this.waiting > 0 && !this.has(subscriber)) this.oneLess()
  }

  private oneLess(): void {
    if (--this.waiting > 0) return
    if (!this.settling) this.context.recorder.latency(nowNs() - this.sentNs)
    this.settling = false
    this.begun?.()
    this.begun = undefined
    this.publish()
  }
}

class Subscriber extends HeldConnection {
  /** The last message of which something came, and how much of it. */
  message = 0
  got = 0
  /** While it is not certain which message it is: whether it is that one. */
  matches = true
  private readonly fanout: Fanout

  constructor(destination: Destination, slot: number, generation: number, index: number, fanout: Fanout) {
    super(destination, slot, generation, index)
    this.fanout = fanout
  }

  giveUp(): void {
    this.give(TIMEOUT, new Error('the message did not come in time'))
  }

  protected received(bytes: Buffer): void {
    this.fanout.receive(this, bytes)
  }

  protected broke(kind: string): void {
    this.fanout.broke(this, kind)
  }
}
