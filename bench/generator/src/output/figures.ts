/** What a result says, in a few numbers: for the table and for the page. */
import type { ModeName, Result, Round } from '../result.js'

/** What is counted, by what is done. */
export const COUNTED: Record<ModeName, { one: string; many: string }> = {
  requests: { one: 'reply', many: 'replies' },
  churn: { one: 'connection', many: 'connections' },
  idle: { one: 'connection', many: 'connections' },
  fanout: { one: 'delivery', many: 'deliveries' },
  'slow-readers': { one: 'reply', many: 'replies' },
}

export interface OverRounds {
  median: number
  low: number
  high: number
}

/** A figure of each round: its median, the lowest and the highest. Undefined where no round has it. */
export function overRounds(
  rounds: readonly Round[],
  of: (round: Round) => number | undefined,
): OverRounds | undefined {
  const values = rounds
    .map(of)
    .filter((value) => value !== undefined && Number.isFinite(value))
    .sort((a, b) => (a as number) - (b as number)) as number[]
  const middle = values.length >> 1
  const upper = values[middle]
  if (upper === undefined) return undefined
  const median = values.length % 2 === 1 ? upper : ((values[middle - 1] as number) + upper) / 2
  return { median, low: values[0] as number, high: values.at(-1) as number }
}

export const rateOf = ({ messages, seconds }: Round) => messages / seconds
export const bytesRateOf = ({ bytes, seconds }: Round) => bytes / seconds
export const serverCpuUsOf = ({ server, messages }: Round) =>
  server === undefined ? undefined : (server.cpuSeconds / messages) * 1e6

/** CPU time of the generator for one message. Not of an open loop: that looks at the clock until the next request is due. */
export function clientCpuUs({ loop, rounds }: Result): OverRounds | undefined {
  if (loop.kind === 'open') return undefined
  return overRounds(rounds, ({ clientCpuSeconds, messages }) => (clientCpuSeconds / messages) * 1e6)
}

/** CPU time of the server for one message, by user and system: over all rounds, for the kernel counts it in ticks of 10 ms. */
export function serverSplitUs({ rounds }: Result): { user: number; system: number } | undefined {
  const messages = rounds.reduce((sum, round) => sum + round.messages, 0)
  if (messages === 0 || rounds.some(({ server }) => server === undefined)) return undefined
  const sum = (field: 'userSeconds' | 'systemSeconds') =>
    rounds.reduce((total, { server }) => total + (server?.[field] ?? 0), 0)
  return { user: (sum('userSeconds') / messages) * 1e6, system: (sum('systemSeconds') / messages) * 1e6 }
}

/** `50 connections × 1 in flight, 64 B`. */
export function describeLoad({ mode, connections, depth, size }: Result): string {
  const of = `${connections} ${connections === 1 ? 'connection' : 'connections'}`
  if (mode === 'idle') return `${of}, idle`
  return `${of} × ${depth} in flight, ${size} B`
}

export function describeLoop({ loop }: Result): string {
  return loop.kind === 'open'
    ? `open loop, ${loop.rate} requests a second: latencies are from when each was due (coordinated omission is corrected)`
    : 'closed loop: each reply is followed by the next request, so latencies leave out what a waiting user would have seen'
}
