/** Whether replies wait for the generator: asked of the kernel now and then, between turns of the event loop. */
import { type Channel, type EventLoop, POLLIN, pollNow } from '@pollux/core'

/** How often it is looked, and at how many connections: enough for a mean, too little to be felt. */
const LOOK_MS = 20
const LOOK_AT = 64

/**
 * Looks with poll(2), and not at what the reactor found: that takes a few dozen sockets at a time, however many are ready. A
 * turn ends when nothing is left to read, or when its time is over, so a generator that keeps up finds no queue here.
 */
export class QueueProbe {
  private sum = 0
  private count = 0
  /** Where in the table the next look begins: each looks at others. */
  private next = 0
  private readonly timer: NodeJS.Timeout

  constructor(private readonly loop: EventLoop) {
    this.timer = setInterval(() => this.look(), LOOK_MS).unref()
  }

  /** The share of the connections that had something to read, on average since this was last asked (0 to 1). */
  take(): number {
    const share = this.count === 0 ? 0 : this.sum / this.count
    this.sum = 0
    this.count = 0
    return share
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    const fds = this.some().map((channel) => this.loop.reactor.fd(channel.handle))
    const entries = fds.filter((fd) => fd >= 0).map((socket) => ({ socket, events: POLLIN }))
    if (entries.length === 0) return
    const ready = pollNow(entries).filter(({ revents }) => (revents & POLLIN) !== 0)
    this.sum += ready.length / entries.length
    this.count++
  }

  private some(): Channel[] {
    const { targets } = this.loop
    const some: Channel[] = []
    for (let looked = 0; looked < targets.length && some.length < LOOK_AT; looked++) {
      const channel = targets[this.next]
      this.next = this.next + 1 < targets.length ? this.next + 1 : 0
      if (channel != null) some.push(channel)
    }
    return some
  }
}
