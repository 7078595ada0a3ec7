import { median, pairedRatios, type Spread, spread } from './stats.js'
import type { Trial } from './trial.js'

/** Server CPU time for one message or connection, in microseconds. */
export interface CpuCost {
  total: number
  /** The part outside the kernel. */
  user: number
}

/** All trials of a run, asked by shape and peer. */
export class Results {
  constructor(readonly trials: readonly Trial[]) {}

  value(shape: string, peer: string): Spread | undefined {
    return spread([...this.#byRound(shape, peer).values()])
  }

  /** The ratio of two peers, paired within each round. */
  ratio(shape: string, above: string, below: string): Spread | undefined {
    return spread(pairedRatios(this.#byRound(shape, above), this.#byRound(shape, below)))
  }

  /** The ratio of the CPU time that two servers use for one message, paired within each round. */
  cpuRatio(shape: string, above: string, below: string): Spread | undefined {
    return spread(pairedRatios(this.#cpuByRound(shape, above), this.#cpuByRound(shape, below)))
  }

  /** The peer with the highest median. */
  fastest(shape: string, peers: readonly string[]): string {
    const median = (peer: string) => this.value(shape, peer)?.median ?? 0
    return peers.reduce((best, peer) => (median(peer) > median(best) ? peer : best))
  }

  /** The share of datagrams that did not come back, the most of any trial. */
  lost(shape: string, peer: string): number {
    const shares = this.#of(shape, peer).map(({ load }) =>
      load ? load.lost / (load.messages + load.lost) : 0,
    )
    return Math.max(0, ...shares)
  }

  cpu(shape: string, peer: string): CpuCost | undefined {
    const loads = this.#of(shape, peer).flatMap((trial) => (trial.load ? [trial.load] : []))
    if (loads.length === 0) return undefined
    const total = median(loads.map((load) => (load.server.cpuSeconds / load.messages) * 1e6))
    // The kernel gives the split in ticks of 10 ms, so it is taken over all rounds together.
    const user = loads.reduce((sum, load) => sum + load.server.userSeconds, 0)
    const system = loads.reduce((sum, load) => sum + load.server.systemSeconds, 0)
    return { total, user: user + system === 0 ? 0 : (total * user) / (user + system) }
  }

  /** Whether the load generator was the bottleneck in at least half of the trials. */
  loadBound(shape: string, peer: string): boolean {
    const trials = this.#of(shape, peer)
    const bound = trials.filter((trial) => trial.loadBound).length
    return bound > 0 && bound * 2 >= trials.length
  }

  /** Whether other processes disturbed any of the trials. */
  disturbed(shape: string, peer: string): boolean {
    return this.#of(shape, peer).some((trial) => trial.disturbed)
  }

  failures(): Trial[] {
    return this.trials.filter((trial) => trial.error !== undefined)
  }

  #of(shape: string, peer: string): Trial[] {
    return this.trials.filter((trial) => trial.shape === shape && trial.peer === peer)
  }

  #cpuByRound(shape: string, peer: string): Map<number, number> {
    const costs = this.#of(shape, peer).flatMap(({ round, load }) =>
      load === undefined ? [] : [[round, load.server.cpuSeconds / load.messages] as const],
    )
    return new Map(costs)
  }

  #byRound(shape: string, peer: string): Map<number, number> {
    const values = this.#of(shape, peer).flatMap((trial) =>
      trial.value === undefined ? [] : [[trial.round, trial.value] as const],
    )
    return new Map(values)
  }
}
