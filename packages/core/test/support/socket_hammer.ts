// The hammer of sockets, in a process of its own: what is left of it after each round, and how it ends.
import { expect } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { coreFixture, ENDS_BUSY } from './fixtures.js'

const MIB = 1024 * 1024
/** Rounds until allocators have what they keep. */
const WARM = 3
/** Of a process that has been warm for tens of thousands of calls: some hundred bytes lost in each are more. */
const MOST_GROWTH = { rss: 16 * MIB, heapUsed: 2 * MIB, arrayBuffers: MIB }

interface Round {
  fds: number
  fdsBefore: number
  pending: number
  openSockets: number
  /** Descriptors that came with messages. */
  owned: number
  surprises: string[]
  codes: Record<string, number>
  rss: number
  heapUsed: number
  arrayBuffers: number
}

export interface Hammering {
  backend: string
  seed: number
  rounds: number
  /** In each round. */
  calls: number
  folder: string
  faulty?: boolean
}

/** Runs it until its end, and checks what is the same after every round. */
export async function hammer({ backend, seed, rounds, calls, folder, faulty }: Hammering): Promise<Round[]> {
  const numbers = [seed, rounds, calls].map(String)
  const script = coreFixture('socket_hammer.mjs')
  const args = ['--expose-gc', ENDS_BUSY, script, ...numbers, folder, ...(faulty ? ['faults'] : [])]
  const child = Child.node(args, { POLLUX_BACKEND: backend })
  const results: Round[] = []
  for (let i = 0; i < rounds; i++) {
    const round: Round = JSON.parse(await child.awaitOutput(new RegExp(`^{"round":${i},.*}$`, 'm')))
    expect(round).toMatchObject({ surprises: [], pending: 0, openSockets: 0 })
    expect(round.fds, `descriptors after round ${i}`).toBeLessThanOrEqual(round.fdsBefore)
    results.push(round)
  }
  expect(await child.awaitExit()).toBe(0)
  expect(child.errors).toBe('')
  expect(child.output).toMatch(/^done$/m)
  return results
}

/** That the process did not grow. */
export function expectBounded(rounds: Round[]) {
  const [warm, last] = [rounds[WARM], rounds[rounds.length - 1]]
  for (const [name, most] of Object.entries(MOST_GROWTH) as [keyof typeof MOST_GROWTH, number][]) {
    // A sanitizer keeps what is freed, to see whether it is used again.
    if (name === 'rss' && process.env.POLLUX_NATIVE_TARGET === 'asan') continue
    expect((last[name] - warm[name]) / MIB, `MiB of ${name}`).toBeLessThan(most / MIB)
  }
}
