import { describe, expect, it } from 'vitest'
import { nowNs } from '../src/clock.js'
import { type Options, parseOptions } from '../src/options.js'
import { type Paced, paceOf } from '../src/pace.js'
import { Recorder } from '../src/recorder.js'

/** Answers at once, and remembers when its requests were due. */
class Answering implements Paced {
  readonly inFlight = 0
  readonly isLost = false
  readonly due: number[] = []

  constructor(readonly number: number) {}

  send(sinceNs: number): void {
    this.due.push(sinceNs)
  }
}

function pacing(rate: string, connections: number) {
  const options = parseOptions(['tcp', '1', '--rate', rate, '--connections', String(connections)]) as Options
  const recorder = new Recorder(
    () => 0,
    () => 0,
  )
  const channels = Array.from({ length: connections }, (_, number) => new Answering(number))
  return { channels, pace: paceOf(options, recorder, 0) }
}

describe('an open loop', () => {
  it('asks each connection in turn, when its request is due', () => {
    const { channels, pace } = pacing('1000', 3)
    const startNs = nowNs() - 5.5e6
    pace.start(channels, startNs)
    pace.stop()
    const after = channels.map(({ due }) => due.map((ns) => Math.round((ns - startNs) / 1e6)))
    expect(
      after
        .flat()
        .sort((a, b) => a - b)
        .slice(0, 6),
    ).toEqual([0, 1, 2, 3, 4, 5])
    expect(after.map((due) => due.slice(0, 2))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ])
  })

  it('leaves room for replies while it is behind by more than it can ask for', () => {
    const { channels, pace } = pacing('1e6', 2)
    pace.start(channels, nowNs() - 1e9)
    pace.stop()
    // A million were due.
    expect(channels.map(({ due }) => due.length)).toEqual([5000, 5000])
  })
})
