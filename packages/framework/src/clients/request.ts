/** One request, from its question to its answer. */
import { onAbort, type Patience } from '@pollux/core'
import { waitedTooLong } from '../failures.js'
import type { RequestId } from './pending-requests.js'

export class Request<In, Out> {
  readonly message: Out
  readonly answer: Promise<In>
  /** Where requests have names. */
  id: RequestId | undefined = undefined
  /** Whether its caller knows how it ended. */
  isSettled = false
  private resolve!: (answer: In) => void
  private reject!: (reason: unknown) => void
  private timer: NodeJS.Timeout | undefined = undefined
  private forgetSignal: (() => void) | undefined = undefined

  constructor(message: Out) {
    this.message = message
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Has it fail when the patience is at its end, and tells. */
  watch({ signal, timeoutMs }: Patience, gaveUp: (request: this) => void): void {
    const giveUp = (reason: unknown) => {
      this.fail(reason)
      gaveUp(this)
    }
    if (timeoutMs !== undefined) {
      this.timer = setTimeout(() => giveUp(waitedTooLong(timeoutMs, 'answer')), timeoutMs)
    }
    if (signal !== undefined) this.forgetSignal = onAbort(signal, () => giveUp(signal.reason))
  }

  succeed(answer: In): void {
    this.settle()
    this.resolve(answer)
  }

  fail(reason: unknown): void {
    if (this.isSettled) return
    this.settle()
    this.reject(reason)
  }

  private settle(): void {
    this.isSettled = true
    if (this.timer !== undefined) clearTimeout(this.timer)
    this.forgetSignal?.()
  }
}
