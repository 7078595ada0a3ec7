/** What one worker has counted since it was last asked. */
import { build, type Histogram } from 'hdr-histogram-js'
import { LatencyTally } from './latency-tally.js'

/** An hour: what takes longer is recorded as that. */
const MAX_LATENCY_NS = 3600e9

/** A stretch of one worker's measurement. */
export interface Sample {
  seconds: number
  messages: number
  bytes: number
  verifiedBytes: number
  lost: number
  errors: Map<string, number>
  /** Of the replies, in nanoseconds. */
  histogram: Histogram
  /** The share of the connections that had a reply waiting, on average (0 to 1). */
  queueShare: number
  /** By how much requests left later than they were due, although their connection was free: on average, in ns. */
  lateNs: number
}

export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_LATENCY_NS,
    numberOfSignificantValueDigits: 3,
  })
}

/** In microseconds. A percentile is the upper end of its bucket, which may lie above the highest value that ever came. */
export function percentileUs(histogram: Histogram, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1000
}

export class Recorder {
  /** When what is being handled came: read once for each handler. */
  nowNs = 0
  /** Bytes received. */
  bytes = 0
  /** Conversations count what they compared by themselves, for as long as they live; this is the sum of those that ended. */
  verifiedBytes = 0
  /** The first wrong answers, for people. */
  readonly wrongAnswers: string[] = []
  private messages = 0
  private lost = 0
  private errors = new Map<string, number>()
  private readonly latencies = new LatencyTally(newHistogram())
  private lateSumNs = 0
  private lateCount = 0
  private sinceNs = 0
  private verifiedBefore = 0

  /**
   * @param verified bytes that conversations which are open have compared
   * @param queueShare what `Sample.queueShare` was since it was last asked
   */
  constructor(
    private readonly verified: () => number,
    private readonly queueShare: () => number,
  ) {}

  /** A reply came after so long. */
  record(ns: number): void {
    this.messages++
    this.time(ns)
  }

  /** Something took so long that is no message by itself. */
  time(ns: number): void {
    this.latencies.add(ns < 1 ? 1 : ns > MAX_LATENCY_NS ? MAX_LATENCY_NS : Math.round(ns))
  }

  /** Something came that has no latency. */
  count(messages = 1): void {
    this.messages += messages
  }

  /** A datagram did not come back. */
  lose(datagrams = 1): void {
    this.lost += datagrams
  }

  error(kind: string): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  wrongAnswer(what: string): void {
    this.error('wrong answer')
    if (this.wrongAnswers.length < 5) this.wrongAnswers.push(what)
  }

  /** A request that its connection was free for left so much later than it was due. */
  late(ns: number): void {
    this.lateSumNs += ns
    this.lateCount++
  }

  /** Everything since the last call, which begins a new sample. */
  take(nowNs: number): Sample {
    const verified = this.verifiedBytes + this.verified()
    const sample: Sample = {
      seconds: (nowNs - this.sinceNs) / 1e9,
      messages: this.messages,
      bytes: this.bytes,
      verifiedBytes: verified - this.verifiedBefore,
      lost: this.lost,
      errors: this.errors,
      histogram: this.latencies.replace(newHistogram()),
      queueShare: this.queueShare(),
      lateNs: this.lateCount === 0 ? 0 : this.lateSumNs / this.lateCount,
    }
    this.sinceNs = nowNs
    this.messages = 0
    this.bytes = 0
    this.verifiedBefore = verified
    this.lost = 0
    this.errors = new Map()
    this.lateSumNs = 0
    this.lateCount = 0
    return sample
  }
}
