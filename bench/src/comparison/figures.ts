/** The trials of a file, asked by workload and peer. */
import type { FileTrial } from '../results-file.js'
import { type Interval, interval, median, pairedRatios } from '../stats.js'

export class Figures {
  readonly #byCell = new Map<string, FileTrial[]>()

  constructor(trials: readonly FileTrial[]) {
    for (const trial of trials) {
      const key = `${trial.workload} ${trial.peer}`
      const cell = this.#byCell.get(key)
      if (cell === undefined) this.#byCell.set(key, [trial])
      else cell.push(trial)
    }
  }

  of(workload: string, peer: string): readonly FileTrial[] {
    return this.#byCell.get(`${workload} ${peer}`) ?? []
  }

  value(workload: string, peer: string): Interval | undefined {
    return interval([...this.#rounds(workload, peer, ({ value }) => value).values()])
  }

  /** One peer's value by another's, paired within each round. */
  ratio(workload: string, above: string, below: string): Interval | undefined {
    return this.#ratio(workload, above, below, ({ value }) => value)
  }

  /** The same of the CPU time for one message. */
  cpuRatio(workload: string, above: string, below: string): Interval | undefined {
    return this.#ratio(workload, above, below, ({ cpuUs }) => cpuUs?.total)
  }

  cpuUs(workload: string, peer: string): number | undefined {
    return this.#median(workload, peer, ({ cpuUs }) => cpuUs?.total)
  }

  p99Us(workload: string, peer: string): number | undefined {
    return this.#median(workload, peer, ({ result }) => result?.percentilesUs.p99)
  }

  peakBytes(workload: string, peer: string): number | undefined {
    return this.#median(workload, peer, ({ memory }) => memory?.peakBytes)
  }

  /** Whether the generator was the bottleneck in at least half of the trials. */
  loadBound(workload: string, peer: string): boolean {
    const trials = this.of(workload, peer)
    const bound = trials.filter((trial) => trial.loadBound).length
    return bound > 0 && bound * 2 >= trials.length
  }

  /** Whether other processes disturbed any of the trials. */
  disturbed(workload: string, peer: string): boolean {
    return this.of(workload, peer).some((trial) => trial.disturbed)
  }

  /** The share of datagrams that did not come back, the most of any trial. */
  lost(workload: string, peer: string): number {
    const shares = this.of(workload, peer).map(({ result }) => {
      const rounds = result?.rounds ?? []
      const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
      return lost / Math.max(1, lost + rounds.reduce((sum, round) => sum + round.messages, 0))
    })
    return Math.max(0, ...shares)
  }

  #ratio(workload: string, above: string, below: string, of: Field): Interval | undefined {
    return interval(pairedRatios(this.#rounds(workload, above, of), this.#rounds(workload, below, of)))
  }

  #median(workload: string, peer: string, of: Field): number | undefined {
    const values = [...this.#rounds(workload, peer, of).values()]
    return values.length === 0 ? undefined : median(values)
  }

  #rounds(workload: string, peer: string, of: Field): Map<number, number> {
    const values = this.of(workload, peer).flatMap((trial) => {
      const value = trial.error === undefined ? of(trial) : undefined
      return value === undefined ? [] : [[trial.round, value] as const]
    })
    return new Map(values)
  }
}

type Field = (trial: FileTrial) => number | undefined
