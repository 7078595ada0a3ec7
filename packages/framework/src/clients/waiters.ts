/** Promises that wait for something in order, each with a timeout and a signal of its own. */
import { onAbort, type Patience } from '@pollux/core'
import { waitedTooLong } from '../failures.js'

/** One who waits. */
class Waiter<T> {
  private timer: NodeJS.Timeout | undefined = undefined
  private forgetSignal: (() => void) | undefined = undefined

  constructor(
    private readonly resolve: (value: T) => void,
    private readonly reject: (reason: unknown) => void,
  ) {}

  /** Has `giveUp` be called with the reason when the patience is at its end. */
  watch({ signal, timeoutMs }: Patience, what: string, giveUp: (reason: unknown) => void): void {
    if (timeoutMs !== undefined) {
      this.timer = setTimeout(() => giveUp(waitedTooLong(timeoutMs, what)), timeoutMs)
    }
    if (signal !== undefined) this.forgetSignal = onAbort(signal, () => giveUp(signal.reason))
  }

  keep(value: T): void {
    this.settle()
    this.resolve(value)
  }

  fail(reason: unknown): void {
    this.settle()
    this.reject(reason)
  }

  private settle(): void {
    clearTimeout(this.timer)
    this.forgetSignal?.()
  }
}

export class Waiters<T> {
  /** In the order in which they came. */
  private readonly waiting = new Set<Waiter<T>>()
  private readonly what: string

  /** @param what is awaited, for errors: 'connection' */
  constructor(what: string) {
    this.what = what
  }

  get length(): number {
    return this.waiting.size
  }

  /** A promise for the next value that nobody waits for before. */
  wait(patience: Patience): Promise<T> {
    const { signal } = patience
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<T>(resolve, reject)
      waiter.watch(patience, this.what, (reason) => {
        this.waiting.delete(waiter)
        waiter.fail(reason)
      })
      this.waiting.add(waiter)
    })
  }

  /** Gives the value to who has waited longest; false if nobody waits. */
  keepOne(value: T): boolean {
    const waiter = this.takeOldest()
    waiter?.keep(value)
    return waiter !== undefined
  }

  /** Disappoints who has waited longest; false if nobody waits. */
  failOne(reason: unknown): boolean {
    const waiter = this.takeOldest()
    waiter?.fail(reason)
    return waiter !== undefined
  }

  keepAll(value: T): void {
    while (this.keepOne(value));
  }

  failAll(reason: unknown): void {
    while (this.failOne(reason));
  }

  private takeOldest(): Waiter<T> | undefined {
    const [waiter] = this.waiting
    if (waiter !== undefined) this.waiting.delete(waiter)
    return waiter
  }
}
