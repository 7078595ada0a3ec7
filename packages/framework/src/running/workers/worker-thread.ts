/**
 * One worker thread, from its start to its end.
 *
 * ```
 *   STARTING ──app has started──▶ READY ──close()──▶ ENDING
 *       │                           │                  │
 *       └──────────┬────────────────┴──────────────────┘ the thread has ended, by itself or by force
 *                  ▼
 *                ENDED
 * ```
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { SocketAddress } from '@pollux/core'
import { workerExited, workerNotReady, workerStuck } from './failures.js'
import {
  type FromWorker,
  fromPlainError,
  type Metrics,
  type ToWorker,
  toPlainError,
  type WorkerStart,
} from './messages.js'
import type { ResolvedServeOptions } from './options.js'
import type { SharedSockets } from './shared-sockets.js'

export const WorkerState = { STARTING: 0, READY: 1, ENDING: 2, ENDED: 3 } as const
export type WorkerState = (typeof WorkerState)[keyof typeof WorkerState]

/** What a worker gets beyond its deadline, for its own clean-up, before it is terminated. */
const GRACE_MS = 1000

/** A worker that does not answer in time contributes what it said last. */
const METRICS_TIMEOUT_MS = 1000

const MAX_DELAY_MS = 2 ** 31 - 1

const ENTRY = new URL('./worker-main.js', import.meta.url)

export class WorkerThread {
  readonly index: number
  readonly thread: Worker
  readonly startedAtMs = performance.now()
  /** Kept when the app has started; rejected when the thread ends before that. */
  readonly ready: Promise<void>
  /** Kept when the thread has ended: with an error, unless it was told to end and did. */
  readonly ended: Promise<Error | undefined>
  /** Where its servers listen. */
  addresses: SocketAddress[] = []
  /** What it said of itself last. */
  metrics: Metrics = []
  /** Whether its app ever started. */
  wasReady = false
  /** Whether it was told to end. */
  wasTold = false
  private state: WorkerState = WorkerState.STARTING
  private readonly port: MessagePort
  private readonly sockets: SharedSockets
  private resolveReady!: () => void
  private rejectReady!: (error: Error) => void
  private resolveEnded!: (error: Error | undefined) => void
  /** What the thread threw. */
  private uncaught: unknown
  /** Why it was terminated. */
  private killedFor: Error | undefined
  private startTimer: NodeJS.Timeout | undefined
  private endTimer: NodeJS.Timeout | undefined
  private endsAtMs = Number.POSITIVE_INFINITY
  private lastId = 0
  private readonly asked = new Map<number, (error?: Error) => void>()

  /** @throws Error of node:worker_threads, for `env`, `resourceLimits` or `data` that can't be used */
  constructor(options: ResolvedServeOptions, index: number, sockets: SharedSockets) {
    const { app, count, data, env, resourceLimits, startTimeoutMs } = options
    const { port1, port2 } = new MessageChannel()
    const workerData: WorkerStart = { app, index, count, data, port: port2 }
    this.index = index
    this.sockets = sockets
    this.port = port1
    this.thread = new Worker(ENTRY, {
      name: `pollux-${index}`,
      workerData,
      transferList: [port2],
      env,
      resourceLimits,
    })
    this.ready = new Promise((resolve, reject) => {
      this.resolveReady = resolve
      this.rejectReady = reject
    })
    // Whoever waits for it is told; nobody has to.
    this.ready.catch(() => {})
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve
    })
    port1.on('message', (message: FromWorker) => this.received(message))
    this.thread.on('error', (error) => {
      this.uncaught = error
    })
    this.thread.once('exit', (code) => this.exited(code))
    if (startTimeoutMs < MAX_DELAY_MS) {
      this.startTimer = setTimeout(() => this.kill(workerNotReady(index, startTimeoutMs)), startTimeoutMs)
    }
  }

  get isReady(): boolean {
    return this.state === WorkerState.READY
  }

  /** Lets it drain until the deadline, and ends it by force a little later. May be called again for a nearer deadline. */
  close(deadlineMs: number, wantsMetrics: boolean): Promise<Error | undefined> {
    this.wasTold = true
    if (this.state === WorkerState.STARTING) {
      void this.thread.terminate()
    } else if (this.state !== WorkerState.ENDED) {
      this.state = WorkerState.ENDING
      this.tell({ type: 'close', deadlineMs, wantsMetrics })
      this.terminateAfter(deadlineMs + GRACE_MS)
    }
    return this.ended
  }

  /**
   * Asks for its metrics; resolves with what it said last, if it does not answer.
   *
   * @throws what a metric of the app has thrown
   */
  async collect(): Promise<void> {
    if (!this.isReady) return
    const id = ++this.lastId
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, METRICS_TIMEOUT_MS)
        this.asked.set(id, (error) => {
          clearTimeout(timer)
          if (error === undefined) resolve()
          else reject(error)
        })
        this.tell({ type: 'metrics', id })
      })
    } finally {
      this.asked.delete(id)
    }
  }

  /** It is no longer ready for newcomers, and goes on all the same. */
  withdraw(): void {
    this.tell({ type: 'withdraw' })
  }

  private tell(message: ToWorker): void {
    this.port.postMessage(message)
  }

  private received(message: FromWorker): void {
    switch (message.type) {
      case 'listen':
        void this.share(message)
        break
      case 'ready':
        clearTimeout(this.startTimer)
        this.addresses = message.addresses
        // Not if it is being terminated.
        if (this.wasTold) break
        this.state = WorkerState.READY
        this.wasReady = true
        this.resolveReady()
        break
      case 'metrics':
        this.metrics = message.metrics
        this.asked.get(message.id)?.()
        break
      case 'noMetrics':
        this.asked.get(message.id)?.(fromPlainError(message.error))
        break
    }
  }

  private async share({ id, key, target }: FromWorker & { type: 'listen' }): Promise<void> {
    try {
      this.tell({ type: 'shared', id, fd: await this.sockets.descriptor(key, target, this.index) })
    } catch (error) {
      this.tell({ type: 'notShared', id, error: toPlainError(error) })
    }
  }

  private terminateAfter(delayMs: number): void {
    const atMs = performance.now() + delayMs
    if (atMs >= this.endsAtMs || delayMs > MAX_DELAY_MS) return
    this.endsAtMs = atMs
    clearTimeout(this.endTimer)
    this.endTimer = setTimeout(() => this.kill(workerStuck(this.index, delayMs)), delayMs)
  }

  private kill(why: Error): void {
    this.killedFor = why
    void this.thread.terminate()
  }

  /** What it said before it ended: the event of its end may overtake the port's. */
  private receiveRest(): void {
    for (;;) {
      const next = receiveMessageOnPort(this.port)
      if (next === undefined) return
      const message: FromWorker = next.message
      // Nobody waits for a socket any more.
      if (message.type !== 'listen') this.received(message)
    }
  }

  private exited(code: number): void {
    this.receiveRest()
    this.state = WorkerState.ENDED
    clearTimeout(this.startTimer)
    clearTimeout(this.endTimer)
    this.port.close()
    for (const answered of this.asked.values()) answered()
    const error = this.killedFor ?? workerExited(this.index, code, !this.wasReady, this.uncaught)
    const asTold = this.wasTold && this.killedFor === undefined && this.uncaught === undefined
    this.rejectReady(error)
    this.resolveEnded(asTold ? undefined : error)
  }
}
