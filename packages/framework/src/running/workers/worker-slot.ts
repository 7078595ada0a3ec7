/** One worker's place: who works there now, and who comes next when that one ends. */
import { groupClosed, workersFailed } from './failures.js'
import type { RestartOptions } from './options.js'
import type { WorkerThread } from './worker-thread.js'

/** A worker that lived for so long has done nothing wrong at its start: the back-off begins anew. */
const STABLE_MS = 10_000

/** The longest that connections wait for the next worker; beyond it they are left to its siblings. */
const PATIENCE_MS = 500

/** What a slot asks of the group. */
export interface SlotOwner {
  readonly restart: Required<RestartOptions>
  makeThread(index: number): WorkerThread
  /** It is ready. */
  entered(thread: WorkerThread): void
  /** It ended. `error`: not in the way that it should, and nobody else will be told. */
  left(thread: WorkerThread, error: Error | undefined): void
  /** Nobody works here for a while. */
  deserted(index: number): void
  /** No worker can be started here. */
  gaveUp(error: Error): void
}

export class WorkerSlot {
  readonly index: number
  /** How often a worker was replaced because it had ended by itself. */
  restarts = 0
  current: WorkerThread | undefined
  private readonly owner: SlotOwner
  /** All that have not ended: during a reload there are two. */
  private readonly living = new Set<WorkerThread>()
  private closing = false
  /** Ends in a row that came soon after the start. */
  private quickEnds = 0
  /** Starts in a row that failed. */
  private failedStarts = 0
  private timer: NodeJS.Timeout | undefined

  constructor(index: number, owner: SlotOwner) {
    this.index = index
    this.owner = owner
  }

  /** The first worker. @throws the error that ended it before it was ready */
  async start(): Promise<void> {
    const thread = this.launch()
    await thread.ready
    this.current = thread
    this.owner.entered(thread)
  }

  /** A new worker in place of the present one, which goes when the new one is ready. @throws if that never happens */
  async reload(deadlineMs: number, wantsMetrics: boolean): Promise<void> {
    if (this.closing) throw groupClosed()
    const thread = this.launch()
    await thread.ready
    const before = this.current
    this.current = thread
    clearTimeout(this.timer)
    this.owner.entered(thread)
    await before?.close(deadlineMs, wantsMetrics)
  }

  /** Ends whoever works here. */
  async close(deadlineMs: number, wantsMetrics: boolean): Promise<void> {
    this.closing = true
    clearTimeout(this.timer)
    await Promise.all([...this.living].map((thread) => thread.close(deadlineMs, wantsMetrics)))
  }

  private launch(): WorkerThread {
    const thread = this.owner.makeThread(this.index)
    this.living.add(thread)
    void thread.ended.then((error) => this.ended(thread, error))
    return thread
  }

  private ended(thread: WorkerThread, error: Error | undefined): void {
    this.living.delete(thread)
    // Whoever waits for the first start or for a reload is told by its promise.
    const isNews = thread.wasReady || this.current === thread
    this.owner.left(thread, isNews ? error : undefined)
    if (this.current !== thread) return
    this.current = undefined
    if (this.closing || thread.wasTold) return
    if (thread.wasReady) this.failedStarts = 0
    else this.failedStarts++
    this.quickEnds = performance.now() - thread.startedAtMs < STABLE_MS ? this.quickEnds + 1 : 0
    const { attempts } = this.owner.restart
    if (this.failedStarts >= attempts) this.owner.gaveUp(workersFailed(this.index, attempts, error))
    else this.restartAfter(this.delayMs())
  }

  private restartAfter(delayMs: number): void {
    if (delayMs > PATIENCE_MS) this.owner.deserted(this.index)
    this.timer = setTimeout(() => this.restart(), delayMs)
  }

  private delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.owner.restart
    if (this.quickEnds === 0) return 0
    return Math.min(maxDelayMs, minDelayMs * 2 ** (this.quickEnds - 1))
  }

  private restart(): void {
    this.restarts++
    const thread = this.launch()
    this.current = thread
    thread.ready.then(
      () => this.owner.entered(thread),
      () => {}, // `ended` has heard of it
    )
  }
}
