/** What a person reads at the end. */
import type { Memory, Result, Round } from '../result.js'

/** The result as lines of text. */
export function resultTable(result: Result): string {
  const { rounds, loop } = result
  if (rounds.length === 0) return idleTable(result)
  const rates = rounds.map(({ messages, seconds }) => messages / seconds).sort((a, b) => a - b)
  const lines = [
    `${result.protocol} ${result.target}: ${result.connections} connections × ${result.depth} in flight, ${result.size} B`,
    loop.kind === 'open'
      ? `open loop, ${loop.rate} requests a second: latencies are from when each was due (coordinated omission is corrected)`
      : 'closed loop: each reply is followed by the next request, so latencies leave out what a waiting user would have seen',
    '',
    `messages a second   ${(rates[Math.floor(rates.length / 2)] ?? 0).toFixed(0)} (${rates[0]?.toFixed(0)}–${rates.at(-1)?.toFixed(0)})`,
    `latency             ${Object.entries(result.percentilesUs)
      .map(([name, us]) => `${name} ${us.toFixed(1)} µs`)
      .join(', ')}`,
    `generator           ${perMessage(rounds, ({ clientCpuSeconds }) => clientCpuSeconds)} µs of CPU a message`,
  ]
  if (rounds[0]?.server !== undefined) {
    lines.push(
      `server              ${perMessage(rounds, ({ server }) => server?.cpuSeconds ?? 0)} µs of CPU a message`,
    )
  }
  for (const note of result.verdict.notes) lines.push(`! ${note}`)
  return `${lines.join('\n')}\n`
}

/** Of a run that had no rounds: memory, where it could be measured. */
function idleTable({ protocol, target, connections, idle, verdict }: Result): string {
  const lines = [`${protocol} ${target}: ${connections} idle connections`]
  if (idle !== undefined) {
    const mib = ({ anonymous, shared }: Memory) => `${((anonymous + shared) / 2 ** 20).toFixed(1)} MiB`
    lines.push(
      '',
      `memory              ${idle.bytesPerConnection.toFixed(0)} B a connection (${mib(idle.before)} before, ${mib(idle.after)} after)`,
    )
  }
  for (const note of verdict.notes) lines.push(`! ${note}`)
  return `${lines.join('\n')}\n`
}

function perMessage(rounds: Round[], cpu: (round: Round) => number): string {
  const seconds = rounds.reduce((sum, round) => sum + cpu(round), 0)
  const messages = rounds.reduce((sum, round) => sum + round.messages, 0)
  return messages === 0 ? '–' : ((seconds / messages) * 1e6).toFixed(2)
}
