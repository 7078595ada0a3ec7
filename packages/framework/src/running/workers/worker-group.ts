/** The workers of one `serve`, from the main thread's side. */
import { raiseUncaught, type SocketAddress } from '@pollux/core'
import type { PrometheusContentType, Registry } from 'prom-client'
import { raiseRejection } from '../../connection/results.js'
import { closeOnSignals } from '../signals.js'
import { aggregate, countedIn, mergeCounts } from './aggregate.js'
import { groupClosed } from './failures.js'
import type { Metrics } from './messages.js'
import { checkLimit, type ResolvedServeOptions } from './options.js'
import { SharedSockets } from './shared-sockets.js'
import { type SlotOwner, WorkerSlot } from './worker-slot.js'
import { WorkerThread } from './worker-thread.js'

/** Of the text format that Prometheus reads: prom-client itself is loaded when metrics are asked for. */
const CONTENT_TYPE: PrometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** One worker, as the main thread sees it. */
export interface WorkerInfo {
  /** Its place, from 0 on. */
  readonly index: number
  /** As `threadId` of node:worker_threads in it; -1 when it has ended. */
  readonly threadId: number
  /** How often a worker in this place was replaced because it had ended by itself. */
  readonly restarts: number
  /** Since when it runs, on the clock of `performance.now()`. */
  readonly startedAtMs: number
  /** Whether its app has started. */
  readonly isReady: boolean
}

/**
 * Several workers that run the same app. Made by `serve`.
 *
 * ```
 *   main thread:   WorkerGroup ─┬─▶ SharedSockets               the listening sockets
 *                               └─▶ WorkerSlot ─▶ WorkerThread  one slot for each worker, one thread at a time
 *                                                      │ port
 *   worker thread:                                worker-main ─▶ the app ─▶ servers
 * ```
 */
export class WorkerGroup {
  private readonly options: ResolvedServeOptions
  private readonly sockets: SharedSockets
  private readonly slots: WorkerSlot[] = []
  private closing: Promise<void> | undefined
  private reloading: Promise<void> = Promise.resolve()
  /** All that have not ended. */
  private readonly threads = new Set<WorkerThread>()
  private listening: SocketAddress[] = []
  /** Whether anybody has asked for metrics: only then do workers that end tell theirs. */
  private wantsMetrics = false
  /** What workers that have ended had counted. */
  private readonly departed: Metrics[] = []
  private scraping: Promise<unknown> = Promise.resolve()
  private withdrawn = false
  private ignoreSignals = () => {}

  /** Internal: use `serve`. */
  constructor(options: ResolvedServeOptions) {
    this.options = options
    this.sockets = new SharedSockets(options.count)
    const owner: SlotOwner = {
      restart: options.restart,
      makeThread: (index) => this.makeThread(index),
      entered: (thread) => this.entered(thread),
      left: (thread, error) => this.left(thread, error),
      deserted: (index) => this.sockets.release(index),
      gaveUp: (error) => this.gaveUp(error),
    }
    for (let index = 0; index < options.count; index++) this.slots.push(new WorkerSlot(index, owner))
  }

  /** Internal: all workers are ready, or none stays. */
  async start(): Promise<this> {
    try {
      await Promise.all(this.slots.map((slot) => slot.start()))
    } catch (error) {
      await this.close({ deadlineMs: 0 })
      throw error
    }
    const { signals, closeDeadlineMs } = this.options
    if (signals !== undefined) {
      this.ignoreSignals = closeOnSignals(this, { deadlineMs: closeDeadlineMs, ...signals })
    }
    return this
  }

  /** Where the workers listen: the first address. */
  get address(): SocketAddress | undefined {
    return this.listening[0]
  }

  /** Every address that the workers listen on; none once the group is closing. */
  get addresses(): SocketAddress[] {
    return [...this.listening]
  }

  /** The workers by their places; undefined where one is waiting to be replaced. */
  get workers(): (WorkerInfo | undefined)[] {
    return this.slots.map(({ current }) => (current === undefined ? undefined : this.infoOf(current)))
  }

  /** How many workers were replaced because they had ended by themselves. */
  get restarts(): number {
    return this.slots.reduce((sum, { restarts }) => sum + restarts, 0)
  }

  /** Whether all workers are ready, and neither `withdraw` nor `close` was called. */
  get isReady(): boolean {
    return !this.withdrawn && this.slots.every(({ current }) => current?.isReady)
  }

  /** Turns `isReady` false, of the group and of its workers' servers, and changes nothing else. */
  withdraw(): void {
    this.withdrawn = true
    for (const thread of this.threads) thread.withdraw()
  }

  /**
   * Replaces the workers one after the other: a new one starts, and when it is ready the old one stops listening and
   * drains. No connection is refused or reset meanwhile. For new code, or what `data` and `env` refer to.
   *
   * @param options.deadlineMs how long each old one may drain. Default: `closeDeadlineMs`.
   * @throws SocketError ERR_POLLUX_WORKER_START: a new worker does not start; the old one and those after it stay.
   *   ERR_POLLUX_CLOSED
   */
  reload(options: { deadlineMs?: number } = {}): Promise<void> {
    const deadlineMs = this.deadlineOf(options.deadlineMs)
    const reloaded = this.reloading.then(async () => {
      for (const slot of this.slots) {
        if (this.closing !== undefined) throw groupClosed()
        await slot.reload(deadlineMs, this.wantsMetrics)
      }
    })
    this.reloading = reloaded.catch(() => {})
    return reloaded
  }

  /**
   * Stops listening, lets the servers of all workers close with this deadline, and ends the threads; one that has not
   * ended a second after it is terminated. May be called again, to bring the deadline forward.
   *
   * @param options.deadlineMs 0: at once; Infinity: never. Default: `closeDeadlineMs`.
   * @returns a promise that is kept when all threads have ended
   */
  close(options: { deadlineMs?: number } = {}): Promise<void> {
    const deadlineMs = this.deadlineOf(options.deadlineMs)
    this.listening = []
    // Before the workers: else the kernel would go on to complete connections that nobody takes.
    this.sockets.close()
    this.withdrawn = true
    const closed = Promise.all(this.slots.map((slot) => slot.close(deadlineMs, this.wantsMetrics)))
    this.closing ??= closed.then(() => this.ignoreSignals())
    return this.closing
  }

  /** `await using group = await serve(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * The metrics of all workers in one registry of prom-client: each metric by its `aggregator`, which is the sum as a
   * rule. What workers that have ended had counted stays counted, as of when they were told to end, or last asked. Two
   * metrics of the group come along, `pollux_workers` and `pollux_worker_restarts_total`. Those of the main thread are not in it.
   *
   * @example
   * ```ts
   * const registry = await group.aggregateMetrics()
   * response.setHeader('content-type', registry.contentType).end(await registry.metrics())
   * ```
   */
  aggregateMetrics(): Promise<Registry> {
    this.wantsMetrics = true
    // One after the other: a second one would miss what the first is just adding up.
    const scraped = this.scraping.then(() => this.scrape())
    this.scraping = scraped.catch(() => {})
    return scraped
  }

  /**
   * What an admin server needs of a registry, to show `aggregateMetrics` as its `/metrics`.
   *
   * @example
   * ```ts
   * const admin = createAdmin({ servers: [], registry: group.registry })
   * ```
   */
  get registry(): { readonly contentType: PrometheusContentType; metrics(): Promise<string> } {
    return { contentType: CONTENT_TYPE, metrics: async () => (await this.aggregateMetrics()).metrics() }
  }

  private async scrape(): Promise<Registry> {
    await Promise.all([...this.threads].map((thread) => thread.collect()))
    if (this.departed.length > 1) this.departed.push(await mergeCounts(this.departed.splice(0)))
    const parts = [...this.departed, ...[...this.threads].map(({ metrics }) => metrics)]
    const ready = this.slots.filter(({ current }) => current?.isReady).length
    return aggregate(parts, { ready, restarts: this.restarts })
  }

  private makeThread(index: number): WorkerThread {
    const thread = new WorkerThread(this.options, index, this.sockets)
    this.threads.add(thread)
    return thread
  }

  private entered(thread: WorkerThread): void {
    if (this.closing === undefined && this.listening.length === 0) this.listening = thread.addresses
    this.tell(() => this.options.handlers.workerReady?.(this.infoOf(thread)))
  }

  private left(thread: WorkerThread, error: Error | undefined): void {
    this.threads.delete(thread)
    const counted = countedIn(thread.metrics)
    if (counted.length > 0) this.departed.push(counted)
    if (error === undefined) return
    const { workerExit } = this.options.handlers
    if (workerExit !== undefined)
      this.tell(() => workerExit.call(this.options.handlers, this.infoOf(thread), error))
    else warnOfExit(error)
  }

  private gaveUp(error: Error): void {
    void this.close()
    const { failed } = this.options.handlers
    if (failed !== undefined) this.tell(() => failed.call(this.options.handlers, this, error))
    else raiseUncaught(error)
  }

  /** A handler that throws is nobody's fault but its own. */
  private tell(call: () => unknown): void {
    try {
      raiseRejection(call())
    } catch (error) {
      raiseUncaught(error)
    }
  }

  private infoOf(thread: WorkerThread): WorkerInfo {
    const { index, startedAtMs, isReady } = thread
    return {
      index,
      threadId: thread.thread.threadId,
      restarts: this.slots[index].restarts,
      startedAtMs,
      isReady,
    }
  }

  private deadlineOf(deadlineMs: number | undefined): number {
    return deadlineMs === undefined ? this.options.closeDeadlineMs : checkLimit(deadlineMs, 'deadlineMs', 0)
  }
}

function warnOfExit(error: Error): void {
  const { cause } = error
  process.emitWarning(error.message, {
    type: 'PolluxWarning',
    code: 'POLLUX_WORKER_EXIT',
    detail: cause instanceof Error ? cause.stack : undefined,
  })
}
