/** Keeps a flood of like events from being a flood of lines. */

/** How many lines of a kind there may be. */
export interface SamplingOptions {
  /** So many of a kind are logged in each interval; of the others, how many there were. Default 5. */
  perInterval?: number
  /** Milliseconds. Default 10 000. */
  intervalMs?: number
}

/** Kinds that are counted apart; those past it are of one kind, so that made-up codes can't use up memory. */
const MOST_KINDS = 64
const OTHERS = 'other'

/** The first few of a kind in each interval, and then how many more there were. */
export class Sampler {
  private readonly perInterval: number
  private readonly intervalMs: number
  private readonly summarize: (kind: string, suppressed: number) => void
  /** How many there were of each kind in this interval. */
  private counts = new Map<string, number>()
  private timer: NodeJS.Timeout | undefined = undefined

  /** @param summarize called at the end of an interval, for each kind of which some were left out */
  constructor(
    perInterval: number,
    intervalMs: number,
    summarize: (kind: string, suppressed: number) => void,
  ) {
    this.perInterval = perInterval
    this.intervalMs = intervalMs
    this.summarize = summarize
  }

  /** Whether this one is to be logged. */
  take(kind: string): boolean {
    const { counts } = this
    const key = counts.size < MOST_KINDS || counts.has(kind) ? kind : OTHERS
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    // An interval begins with its first event: where nothing happens, no timer runs.
    this.timer ??= setTimeout(() => this.flush(), this.intervalMs).unref()
    return count <= this.perInterval
  }

  /** Ends the interval. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { counts } = this
    this.counts = new Map()
    for (const [kind, count] of counts) {
      if (count > this.perInterval) this.summarize(kind, count - this.perInterval)
    }
  }
}
