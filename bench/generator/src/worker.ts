/** One thread's share of a run: its event loop, its connections and what it counts. */
import { EventLoop, resolveEndpoint, type SocketAddress } from '@pollux/core'
import { nowNs } from './clock.js'
import { createLoad } from './modes/create.js'
import type { Load, SlowUse } from './modes/load.js'
import type { Options } from './options.js'
import { QueueProbe } from './queue-probe.js'
import { firstThat, reachable } from './reach.js'
import { Recorder, type Sample } from './recorder.js'

/** What a run asks of a worker, in this thread or in another. */
export interface Worker {
  open(): Promise<void>
  start(startNs: number): void
  /** Opens the slow readers. */
  disturb(): Promise<void>
  /** What they have done so far. */
  slowUse(): Promise<SlowUse>
  /** What was counted since this was last asked. */
  sample(): Promise<Sample>
  stop(): Promise<void>
  /** Closes everything. Idempotent. @returns the first wrong answers, for people */
  close(): Promise<string[]>
  /** Called where all of its connections are lost. */
  onAllLost: () => void
}

export class LocalWorker implements Worker {
  onAllLost = (): void => {}
  private readonly loop: EventLoop
  private readonly queue: QueueProbe
  private readonly recorder: Recorder
  private load: Load | undefined

  /** @param index which of `options.workers` it is */
  constructor(
    private readonly options: Options,
    private readonly index: number,
  ) {
    this.loop = new EventLoop({ busyPollUs: options.busyPollUs })
    this.queue = new QueueProbe(this.loop)
    this.recorder = new Recorder(
      () => this.load?.verifiedBytes ?? 0,
      () => this.queue.take(),
    )
  }

  async open(): Promise<void> {
    const { options, loop, recorder } = this
    const addresses = await resolveEndpoint(options.endpoint, 1)
    const share = shareOf(options, this.index)
    const open = async (endpoint: SocketAddress) => {
      this.load?.close()
      this.load = createLoad({ options: { ...options, endpoint }, loop, recorder, ...share })
      this.load.onAllLost = () => this.onAllLost()
      await this.load.open()
    }
    // A datagram that nobody takes is refused, or not: to open the load is to ask.
    if (options.protocol === 'udp') await firstThat(addresses, open)
    else await open(await reachable(loop, addresses, options.timeoutMs))
  }

  start(startNs: number): void {
    this.load?.start(startNs)
  }

  async disturb(): Promise<void> {
    await this.load?.disturb?.()
  }

  slowUse(): Promise<SlowUse> {
    return Promise.resolve(this.load?.slowUse ?? { sentBytes: 0, readBytes: 0, gone: 0 })
  }

  sample(): Promise<Sample> {
    return Promise.resolve(this.recorder.take(nowNs()))
  }

  async stop(): Promise<void> {
    await this.load?.stop()
  }

  close(): Promise<string[]> {
    this.queue.stop()
    this.load?.close()
    this.loop.close()
    return Promise.resolve(this.recorder.wrongAnswers)
  }
}

/** The connections of one of the workers: as many as the others have, or one more. */
function shareOf({ connections, workers }: Options, index: number): { first: number; count: number } {
  const first = Math.floor((connections * index) / workers)
  return { first, count: Math.floor((connections * (index + 1)) / workers) - first }
}
