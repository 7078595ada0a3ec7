/** A line for each round, for spreadsheets (RFC 4180, with the names of the columns first). */
import type { Result, Round } from '../result.js'

const COLUMNS: Record<string, (round: Round, index: number, result: Result) => string | number | undefined> =
  {
    round: (_, index) => index + 1,
    target: (_, __, { target }) => target,
    protocol: (_, __, { protocol }) => protocol,
    mode: (_, __, { mode }) => mode,
    loop: (_, __, { loop }) => loop.kind,
    rate: (_, __, { loop }) => (loop.kind === 'open' ? loop.rate : undefined),
    connections: (_, __, { connections }) => connections,
    size: (_, __, { size }) => size,
    depth: (_, __, { depth }) => depth,
    workers: (_, __, { workers }) => workers,
    seconds: ({ seconds }) => seconds,
    messages: ({ messages }) => messages,
    messages_per_second: ({ messages, seconds }) => messages / seconds,
    bytes: ({ bytes }) => bytes,
    verified_bytes: ({ verifiedBytes }) => verifiedBytes,
    lost: ({ lost }) => lost,
    client_cpu_seconds: ({ clientCpuSeconds }) => clientCpuSeconds,
    client_busy: ({ clientBusy }) => clientBusy,
    queue_share: ({ queueShare }) => queueShare,
    server_cpu_seconds: ({ server }) => server?.cpuSeconds,
    server_user_seconds: ({ server }) => server?.userSeconds,
    server_system_seconds: ({ server }) => server?.systemSeconds,
    server_busy: ({ server }) => server?.busy,
  }

export function resultCsv(result: Result): string {
  const lines = [Object.keys(COLUMNS)]
  for (const [index, round] of result.rounds.entries()) {
    lines.push(Object.values(COLUMNS).map((value) => field(value(round, index, result))))
  }
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('')
}

function field(value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
