/** A worker in a thread of its own. */

import { isMainThread, parentPort, Worker as Thread, workerData } from 'node:worker_threads'
import { SocketError } from '@pollux/core'
import { decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import type { SlowUse } from './modes/load.js'
import { type Options, parseOptions } from './options.js'
import type { Sample } from './recorder.js'
import { UsageError } from './usage-error.js'
import { LocalWorker, type Worker } from './worker.js'

interface WorkerData {
  polluxBench: true
  command: string[]
  index: number
  connections: number
}

type Call = 'open' | 'start' | 'disturb' | 'slowUse' | 'sample' | 'stop' | 'close'

interface Request {
  id: number
  call: Call
  startNs?: number
}

type Answer =
  | { id: number; value?: unknown; error?: { message: string; isUsage: boolean; code?: string } }
  | 'all lost'

/** What a histogram becomes between threads. */
type SentSample = Omit<Sample, 'histogram'> & { histogram: string }

/** The run's end of a worker thread. */
export class ThreadWorker implements Worker {
  onAllLost = (): void => {}
  private readonly thread: Thread
  private readonly waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()
  private nextId = 0
  private closed: Promise<string[]> | null = null
  private failure: Error | null = null

  /**
   * @param command the options as they were given: they are read again there
   * @param connections of all workers: the mode `idle` opens a few before it opens all
   */
  constructor(command: string[], index: number, connections: number) {
    const data: WorkerData = { polluxBench: true, command, index, connections }
    this.thread = new Thread(new URL(import.meta.url), { workerData: data })
    this.thread.on('message', (answer: Answer) => this.onAnswer(answer))
    this.thread.once('error', (error) => this.failAll(error))
    this.thread.once('exit', () => this.failAll(new Error('a worker thread has ended')))
  }

  async open(): Promise<void> {
    await this.ask('open')
  }

  start(startNs: number): void {
    // What fails there fails the next question as well.
    this.ask('start', startNs).catch(() => {})
  }

  async disturb(): Promise<void> {
    await this.ask('disturb')
  }

  async slowUse(): Promise<SlowUse> {
    return (await this.ask('slowUse')) as SlowUse
  }

  async sample(): Promise<Sample> {
    const sent = (await this.ask('sample')) as SentSample
    return { ...sent, histogram: decodeFromCompressedBase64(sent.histogram) }
  }

  async stop(): Promise<void> {
    await this.ask('stop')
  }

  close(): Promise<string[]> {
    this.closed ??= this.closeThread()
    return this.closed
  }

  private async closeThread(): Promise<string[]> {
    try {
      return (await this.ask('close')) as string[]
    } finally {
      await this.thread.terminate()
    }
  }

  private ask(call: Call, startNs?: number): Promise<unknown> {
    const id = this.nextId++
    if (this.failure !== null) return Promise.reject(this.failure)
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.thread.postMessage({ id, call, startNs } as Request)
    })
  }

  private onAnswer(answer: Answer): void {
    if (answer === 'all lost') {
      this.onAllLost()
      return
    }
    const waiting = this.waiting.get(answer.id)
    this.waiting.delete(answer.id)
    const { error } = answer
    if (error === undefined) waiting?.resolve(answer.value)
    else
      waiting?.reject(
        Object.assign(error.isUsage ? new UsageError(error.message) : new Error(error.message), {
          code: error.code,
        }),
      )
  }

  private failAll(error: Error): void {
    this.failure ??= error
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }
}

/** The thread's end. */
function serve(port: NonNullable<typeof parentPort>, { command, index, connections }: WorkerData): void {
  const worker = new LocalWorker({ ...(parseOptions(command) as Options), connections }, index)
  worker.onAllLost = () => port.postMessage('all lost')
  const calls: Record<Call, (startNs: number) => unknown> = {
    open: () => worker.open(),
    start: (startNs) => worker.start(startNs),
    disturb: () => worker.disturb(),
    slowUse: () => worker.slowUse(),
    sample: async () => {
      const sample = await worker.sample()
      return { ...sample, histogram: encodeIntoCompressedBase64(sample.histogram) } satisfies SentSample
    },
    stop: () => worker.stop(),
    close: () => worker.close(),
  }
  port.on('message', async ({ id, call, startNs }: Request) => {
    try {
      port.postMessage({ id, value: await calls[call](startNs ?? 0) })
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      port.postMessage({
        id,
        error: { message, code, isUsage: error instanceof UsageError || error instanceof SocketError },
      })
    }
  })
}

if (!isMainThread && parentPort !== null && (workerData as Partial<WorkerData> | null)?.polluxBench) {
  serve(parentPort, workerData as WorkerData)
}
