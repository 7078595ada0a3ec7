/**
 * The calls of `poll` and `select` that wait, of one event loop.
 *
 * ```
 *   look ── found ──▶ result
 *     │ nothing
 *     ▼
 *   [ all waiting calls ] ── union of their fds ──▶ reactor.pollLater: a thread in poll(2)
 *     ▲                                                        │
 *     └── those that have a ready fd look again ◀──POLLED──────┘
 * ```
 *
 * A thread and not the loop's poller, because poll(2) has no substitute: epoll refuses regular files, select(2) large
 * fds, neither knows POLLRDHUP and an fd in two calls at a time, and a descriptor that is duplicated for a poller keeps
 * its connection open when the socket is closed.
 */
import type { EventLoop, PollListener } from '../event-loop.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { ENTRY_WORDS } from './descriptors.js'
import type { WaitingCall } from './waiting-call.js'

/**
 * An error or a hang-up is reported for an fd that is only waited for in select's third set, where it is nothing: it
 * would be reported again at once, for ever. So long that fd is left out. It is looked at once more after that, because
 * an error may be over.
 */
const REST_MS = 20

interface Wanted {
  events: number
  calls: WaitingCall<unknown>[]
}

export class PendingCalls implements PollListener {
  private readonly calls = new Set<WaitingCall<unknown>>()
  /** By fd, as of the last flush. */
  private readonly wanted = new Map<number, Wanted>()
  /** Of `wanted`, as the addon takes it. */
  private words = new Int32Array(0)
  private readonly resting = new Set<number>()
  private restTimer: NodeJS.Timeout | undefined
  private flushing = false

  private constructor(private readonly loop: EventLoop) {}

  static of(loop: EventLoop): PendingCalls {
    loop.polls ??= new PendingCalls(loop)
    return loop.polls as PendingCalls
  }

  add(call: WaitingCall<unknown>): void {
    this.calls.add(call)
    this.changed()
  }

  delete(call: WaitingCall<unknown>): void {
    if (this.calls.delete(call)) this.changed()
  }

  onPolled(): void {
    const { words } = this
    const found = native.pollNow(words)
    const woken = new Set<WaitingCall<unknown>>()
    // Where the kernel refuses, each call hears it for itself.
    if (found < 0) for (const call of this.calls) woken.add(call)
    const unasked: number[] = []
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      const revents = words[at + 2]
      if (revents === 0) continue
      const fd = words[at]
      for (const call of this.wanted.get(fd)?.calls ?? []) woken.add(call)
      if ((revents & words[at + 1]) === 0) unasked.push(fd)
    }
    for (const call of woken) call.look()
    for (const fd of unasked) this.rest(fd)
    this.changed()
  }

  onLoopClosed(): void {
    clearTimeout(this.restTimer)
    for (const call of [...this.calls]) call.onLoopClosed()
  }

  /** Tells the reactor what is waited for now, and has its thread let go of what is not. */
  flush(): void {
    this.flushing = false
    if (this.loop.isClosed) return
    this.wanted.clear()
    for (const call of this.calls) {
      for (const { fd, events } of call.wanted()) {
        const entry = this.wanted.get(fd)
        if (entry === undefined) {
          this.wanted.set(fd, { events, calls: [call] })
        } else {
          entry.events |= events
          entry.calls.push(call)
        }
      }
    }
    const words: number[] = []
    for (const [fd, { events }] of this.wanted) {
      if (!this.resting.has(fd)) words.push(fd, events, 0)
    }
    this.words = Int32Array.from(words)
    const result = this.loop.reactor.pollLater(this.words)
    if (result >= 0) return
    for (const call of [...this.calls]) call.reject(systemError(result, 'poll'))
  }

  /** Soon: many calls may come and go in one turn, and before the loop blocks is soon enough. */
  private changed(): void {
    if (this.flushing) return
    this.flushing = true
    queueMicrotask(() => {
      if (this.flushing) this.flush()
    })
  }

  private rest(fd: number): void {
    if (!this.wanted.get(fd)?.calls.some((call) => this.calls.has(call))) return
    this.resting.add(fd)
    this.restTimer ??= setTimeout(() => {
      this.restTimer = undefined
      this.resting.clear()
      this.changed()
    }, REST_MS)
  }
}
