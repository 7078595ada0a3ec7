/** What a person reads at the end. */
import type { Result, Round } from '../result.js'

/** The result as lines of text. */
export function resultTable(result: Result): string {
  const { rounds, loop } = result
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

function perMessage(rounds: Round[], cpu: (round: Round) => number): string {
  const seconds = rounds.reduce((sum, round) => sum + cpu(round), 0)
  const messages = rounds.reduce((sum, round) => sum + round.messages, 0)
  return messages === 0 ? '–' : ((seconds / messages) * 1e6).toFixed(2)
}
