/** What a person reads at the end. */
import { bytes, count, digits, grouped, time } from '../charts/numbers.js'
import type { Result } from '../result.js'
import {
  bytesRateOf,
  COUNTED,
  clientCpuUs,
  describeLoad,
  describeLoop,
  type OverRounds,
  overRounds,
  rateOf,
  serverCpuUsOf,
  serverSplitUs,
} from './figures.js'

type Row = [what: string, ...cells: string[]]

/** The result as lines of text. */
export function resultTable(result: Result): string {
  const { rounds, errors, verdict, mode } = result
  const sections = [
    [
      `${result.protocol} ${result.target}: ${describeLoad(result)}`,
      ...(mode === 'idle' ? [] : [describeLoop(result)]),
    ].join('\n'),
    rounds.length === 0 ? '' : align(roundRows(result), 'right'),
    rounds.every(({ messages }) => messages === 0) ? '' : latencies(result),
    align(otherRows(result), 'left'),
    Object.keys(errors).length === 0
      ? ''
      : align(
          [['errors'], ...Object.entries(errors).map(([kind, n]): Row => [`  ${kind}`, grouped(n)])],
          'right',
        ),
    verdict.notes.map((note) => `! ${note}`).join('\n'),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function roundRows(result: Result): Row[] {
  const { rounds, mode } = result
  const { one, many } = COUNTED[mode]
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
  const row = (what: string, figure: OverRounds | undefined, format: (value: number) => string): Row[] =>
    figure === undefined ? [] : [[what, ...[figure.median, figure.low, figure.high].map(format)]]
  return [
    ['', 'median', 'lowest', 'highest'],
    ...row(`${many} a second`, overRounds(rounds, rateOf), count),
    ...row('bytes a second', overRounds(rounds, bytesRateOf), bytes),
    ...row(`generator's CPU for a ${one}, µs`, clientCpuUs(result), digits),
    ...row(`server's CPU for a ${one}, µs`, overRounds(rounds, serverCpuUsOf), digits),
    ...(lost === 0 ? [] : [['lost', grouped(lost)] as Row]),
  ]
}

function latencies({ percentilesUs }: Result): string {
  const names = Object.keys(percentilesUs)
  return align(
    [
      ['latency', ...names],
      ['', ...names.map((name) => time(percentilesUs[name] as number))],
    ],
    'right',
  )
}

function otherRows(result: Result): Row[] {
  const { idle, slowReaders, syscallsPerMessage } = result
  const rows: Row[] = []
  const split = serverSplitUs(result)
  if (split !== undefined) {
    rows.push(["server's CPU, user · system", `${digits(split.user)} · ${digits(split.system)} µs`])
  }
  if (syscallsPerMessage !== undefined) {
    const calls = Object.entries(syscallsPerMessage).sort(([, a], [, b]) => b - a)
    rows.push(['system calls a message', calls.map(([name, n]) => `${name} ${n.toFixed(3)}`).join(', ')])
  }
  if (idle !== undefined) {
    rows.push(['connections open', grouped(idle.connections)])
    rows.push(['memory for each', bytes(idle.bytesPerConnection)])
  }
  if (slowReaders !== undefined) {
    const { serverBefore, serverAfter } = slowReaders
    const all = (memory: typeof serverBefore) => (memory === undefined ? 0 : memory.anonymous + memory.shared)
    const { connections, gone, sentBytes, readBytes, alone, beside } = slowReaders
    rows.push(['slow readers', `${grouped(connections)}, of which the server has closed ${grouped(gone)}`])
    rows.push(['they have asked, read', `${bytes(sentBytes)}, ${bytes(readBytes)}`])
    for (const [what, speed] of [
      ['the others before', alone],
      ['the others beside them', beside],
    ] as const) {
      rows.push([
        what,
        `${count(speed.messagesPerSecond)}/s, p50 ${time(speed.p50Us)}, p99 ${time(speed.p99Us)}, max ${time(speed.maxUs)}`,
      ])
    }
    if (serverBefore !== undefined && serverAfter !== undefined) {
      rows.push(["the server's memory for them", bytes(all(serverAfter) - all(serverBefore))])
    }
  }
  return rows
}

/** Columns under each other: the first to the left, the others as asked. */
function align(rows: readonly Row[], others: 'left' | 'right'): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const width = widths[i] as number
          return i === 0 || others === 'left' ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
