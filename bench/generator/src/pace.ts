/** When requests leave. */
import { nowNs } from './clock.js'
import type { Options } from './options.js'
import type { Recorder } from './recorder.js'

/** Something that requests leave on. */
export interface Paced {
  /** Of all of them, in all workers. */
  readonly number: number
  /** Requests without a reply. */
  readonly inFlight: number
  /** It is of no use any more. */
  readonly isLost: boolean
  /** Sends the next request, whose latency counts from then. */
  send(sinceNs: number): void
}

export interface Pace {
  start(channels: readonly Paced[], startNs: number): void
  /** A reply came, at `recorder.nowNs`. */
  replied(channel: Paced): void
  /** Another connection is in the place of one that was lost. */
  replaced(channel: Paced): void
  /** Nothing is to be asked any more. */
  stop(): void
}

/** As `--rate` asks for, or does not: for the connections that are numbered from `first`. */
export function paceOf({ loop, depth, connections }: Options, recorder: Recorder, first: number): Pace {
  return loop.kind === 'closed'
    ? new ClosedLoop(recorder, depth)
    : new OpenLoop(recorder, loop.rate, depth, first, connections)
}

/** A closed loop: each reply is followed by the next request, so a server that is slow is asked less. */
class ClosedLoop implements Pace {
  private stopped = false

  constructor(
    private readonly recorder: Recorder,
    private readonly depth: number,
  ) {}

  start(channels: readonly Paced[], startNs: number): void {
    for (const channel of channels) for (let i = 0; i < this.depth; i++) channel.send(startNs)
  }

  replied(channel: Paced): void {
    if (!this.stopped) channel.send(this.recorder.nowNs)
  }

  replaced(channel: Paced): void {
    if (!this.stopped) this.start([channel], nowNs())
  }

  stop(): void {
    this.stopped = true
  }
}

/** With less than this until the next request is due, waiting means looking again and again: a timer is too coarse. */
const SPIN_NS = 2e6

/** So many due requests at most are looked at in a row: a rate that nobody can keep up must not starve the replies. */
const MAX_IN_A_ROW = 10_000

/**
 * An open loop: requests leave when they are due, whatever the server does. Those of a connection with `depth` in flight wait
 * for their turn; their latency counts from when they were due, which is what a user would have waited. (Tene, "How NOT
 * to measure latency": otherwise one stall hides all requests that would have met it.)
 *
 * ```
 *   due at   start + (round × all + connection) ÷ rate     round 0, 1, 2, … of each connection
 * ```
 */
class OpenLoop implements Pace {
  private channels: Paced[] = []
  private startNs = 0
  private readonly intervalNs: number
  /** Of each connection, the round of the next request that has not left. */
  private rounds = new Float64Array(0)
  /** The next that will be due: the round, and the connection's place here. */
  private dueRound = 0
  private duePlace = 0
  private stopped = false

  /**
   * @param rate requests a second, of all connections of all workers
   * @param first number of the first connection here
   * @param all connections of all workers
   */
  constructor(
    private readonly recorder: Recorder,
    rate: number,
    private readonly depth: number,
    private readonly first: number,
    private readonly all: number,
  ) {
    this.intervalNs = 1e9 / rate
  }

  start(channels: readonly Paced[], startNs: number): void {
    this.channels = [...channels]
    this.rounds = new Float64Array(channels.length)
    this.startNs = startNs
    this.tick()
  }

  replied(channel: Paced): void {
    // What was due while all of its places were taken leaves now.
    const place = channel.number - this.first
    if (!this.stopped && this.isBehind(place)) this.leave(place)
  }

  replaced(channel: Paced): void {
    const place = channel.number - this.first
    this.channels[place] = channel
    while (!this.stopped && channel.inFlight < this.depth && this.isBehind(place)) this.leave(place)
  }

  stop(): void {
    this.stopped = true
  }

  private readonly tick = (): void => {
    if (this.stopped) return
    const now = nowNs()
    const { channels } = this
    let due = this.dueNs(this.dueRound, this.duePlace)
    for (let left = MAX_IN_A_ROW; due <= now && left > 0; left--) {
      const place = this.duePlace
      const channel = channels[place] as Paced
      if (!channel.isLost && channel.inFlight < this.depth && this.rounds[place] === this.dueRound) {
        this.recorder.late(now - due)
        this.leave(place)
      }
      if (++this.duePlace === channels.length) {
        this.duePlace = 0
        this.dueRound++
      }
      due = this.dueNs(this.dueRound, this.duePlace)
    }
    if (due - now < SPIN_NS) setImmediate(this.tick)
    else setTimeout(this.tick, Math.floor((due - now) / 1e6) - 1)
  }

  /** Whether a request of that connection was due and has not left. */
  private isBehind(place: number): boolean {
    const round = this.rounds[place] as number
    return round < this.dueRound || (round === this.dueRound && place < this.duePlace)
  }

  private leave(place: number): void {
    const round = this.rounds[place] as number
    this.rounds[place] = round + 1
    ;(this.channels[place] as Paced).send(this.dueNs(round, place))
  }

  private dueNs(round: number, place: number): number {
    return this.startNs + (round * this.all + this.first + place) * this.intervalNs
  }
}
