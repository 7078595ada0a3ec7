/** Whether everything is back where it began. */
import type { Tally } from './client-process.js'
import { describeRound, isGentle, type Round } from './rounds.js'
import type { Remains } from './server-process.js'

export interface RoundResult {
  round: Round
  tally: Tally
  remains: Remains
}

const MIB = 1024 * 1024

/** What the memory may differ by at the end: of what the process has, and in addition. */
const GROWTH_PART = 0.1
const RSS_SLACK = 32 * MIB
const HEAP_SLACK = 6 * MIB

/** Both ends of sixteen pipes that the event loop keeps, and those of the process itself. */
const MOST_PIPES = 2 * 16 + 16

/** Rounds before the memory of a process has found its size. */
const WARM_UP = 4

/** What went wrong in one round. */
export function faultsOf({ round, tally, remains }: RoundResult, fdsBefore: number): string[] {
  const faults: string[] = []
  const isNot = (what: string, value: number, expected: number) => {
    if (value !== expected) faults.push(`${value} ${what}, not ${expected}`)
  }
  isNot('descriptors', remains.fds, fdsBefore)
  if (remains.pipes > MOST_PIPES)
    faults.push(`${remains.pipes} descriptors of pipes, more than ${MOST_PIPES}`)
  isNot('sockets of the loop', remains.openSockets, 0)
  isNot('bytes queued', remains.backlogBytes, 0)
  isNot('connections opened and never closed', remains.unclosed, 0)
  isNot('answers that were wrong', tally.wrong, 0)
  if (isGentle(round)) isNot('conversations broken off', tally.broken, 0)
  if (tally.conversations === 0) faults.push('no conversation')
  return faults
}

/**
 * What has grown from the second third of the rounds to the last. In the first one the process meets each kind of round for
 * the first time, and its allocator finds the size that the largest of them needs: what it has then it keeps. A leak goes on.
 */
export function growthOf(results: readonly RoundResult[]): { lines: string[]; faults: string[] } {
  const settled = results.slice(WARM_UP)
  const third = Math.floor(settled.length / 3)
  if (third === 0) return { lines: ['memory: too few rounds to say'], faults: [] }
  const lines: string[] = []
  const faults: string[] = []
  const compare = (name: 'rss' | 'heap', slack: number) => {
    const before = median(settled.slice(-2 * third, -third).map(({ remains }) => remains[name]))
    const last = median(settled.slice(-third).map(({ remains }) => remains[name]))
    const line = `${name}: ${inMib(before)} MiB in the second third, ${inMib(last)} MiB in the last`
    lines.push(line)
    if (last > before * (1 + GROWTH_PART) + slack) faults.push(`${line}: that is too much`)
  }
  compare('rss', RSS_SLACK)
  compare('heap', HEAP_SLACK)
  return { lines, faults }
}

export function roundLine(nth: number, { round, tally, remains }: RoundResult): string {
  const { conversations, complete, broken } = tally
  const seen = `${conversations} conversations, ${complete} complete, ${broken} broken`
  const memory = `rss ${inMib(remains.rss)} heap ${inMib(remains.heap)} MiB, ${remains.fds} fds`
  const extra = remains.restarts > 0 ? `, ${remains.restarts} workers replaced` : ''
  return `${String(nth).padStart(4)}  ${describeRound(round)}: ${seen}${extra}; ${memory}`
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
