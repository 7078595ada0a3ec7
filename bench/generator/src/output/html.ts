/** The result as one page: it needs no script and nothing from elsewhere. */
import { escapeHtml } from '../charts/escape.js'
import { bytes, count, digits, grouped, time } from '../charts/numbers.js'
import { figure, htmlTable, page, tiles } from '../charts/page.js'
import { percentileChart, readPercentiles } from '../charts/percentiles.js'
import { type Timeline, timelineChart } from '../charts/timeline.js'
import type { Result } from '../result.js'
import {
  bytesRateOf,
  COUNTED,
  clientCpuUs,
  describeLoad,
  describeLoop,
  overRounds,
  rateOf,
  serverCpuUsOf,
} from './figures.js'

export function resultHtml(result: Result): string {
  const title = titleOf(result)
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="lead">${escapeHtml(`${result.protocol} ${result.target}: ${describeLoad(result)}`)}</p>`,
    warnings(result),
    summary(result),
    latencySection(result),
    timeSection(result),
    roundsSection(result),
    errorsSection(result),
    methodSection(result),
  ]
  return page(title, parts.filter((part) => part !== '').join('\n'))
}

/** What was found, in a line. */
function titleOf(result: Result): string {
  const { connections, idle, mode, percentilesUs, rounds } = result
  if (idle !== undefined) {
    return `${bytes(idle.bytesPerConnection)} of memory for each of ${grouped(idle.connections)} idle connections`
  }
  if (mode === 'idle') return `${grouped(connections)} idle connections`
  const rate = overRounds(rounds, rateOf)
  if (rate === undefined || rate.high === 0) return `No ${COUNTED[mode].one} came`
  return `${count(rate.median)} ${COUNTED[mode].many} a second, 99% within ${time(percentilesUs.p99 ?? 0)}`
}

function warnings({ verdict }: Result): string {
  if (verdict.notes.length === 0) return ''
  return `<div class="warnings"><ul>${verdict.notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul></div>`
}

function summary(result: Result): string {
  const { mode, percentilesUs, rounds, idle, verdict } = result
  if (idle !== undefined) {
    return tiles([
      [bytes(idle.bytesPerConnection), 'memory for a connection'],
      [grouped(idle.connections), 'connections open'],
    ])
  }
  const rate = overRounds(rounds, rateOf)
  if (rate === undefined) return ''
  const { one, many } = COUNTED[mode]
  const server = overRounds(rounds, serverCpuUsOf)
  const client = clientCpuUs(result)
  return tiles([
    [count(rate.median), `${many} a second, median of ${rounds.length} rounds`],
    [`${bytes(overRounds(rounds, bytesRateOf)?.median ?? 0)}/s`, 'received'],
    [time(percentilesUs.p50 ?? 0), 'median latency'],
    [time(percentilesUs.p99 ?? 0), '99th percentile'],
    [time(percentilesUs.max ?? 0), 'the slowest'],
    ...(server === undefined
      ? []
      : [[`${digits(server.median)} µs`, `of the server's CPU for a ${one}`] as const]),
    ...(client === undefined
      ? []
      : [[`${digits(client.median)} µs`, `of the generator's CPU for a ${one}`] as const]),
    [`${(verdict.spread * 100).toFixed(0)}%`, 'between the slowest and the fastest round'],
  ])
}

function latencySection(result: Result): string {
  const points = readPercentiles(result.latency.histogram)
  if (points.length === 0) return ''
  const { percentilesUs } = result
  const title = `Half within ${time(percentilesUs.p50 ?? 0)}, all but one in a thousand within ${time(percentilesUs['p99.9'] ?? 0)}`
  const lines = [{ label: 'latency', accent: true, points }]
  const chart = (layout: 'wide' | 'narrow') =>
    percentileChart(`percentiles-${layout}`, `Latency by percentile. ${title}.`, lines, layout)
  return [
    `<h2>${escapeHtml(title)}</h2>`,
    figure(
      { wide: chart('wide'), narrow: chart('narrow') },
      `${capital(describeLoop(result))}. The scale is of nines: each step to the right is ten times rarer.`,
    ),
    htmlTable(Object.keys(percentilesUs), [Object.values(percentilesUs).map(time)]),
  ].join('\n')
}

function timeSection({ timeline, rounds, mode }: Result): string {
  if (timeline.length < 2) return ''
  const lengths = rounds.map(({ seconds }) => seconds)
  const bounds = lengths.slice(1).map((_, index) => lengths.slice(0, index + 1).reduce((a, b) => a + b, 0))
  const { many } = COUNTED[mode]
  const throughput: Timeline = {
    axis: `${many} a second`,
    scale: 'linear',
    bounds,
    lines: [
      {
        label: many,
        accent: true,
        points: timeline.map(({ seconds, length, messages }) => [seconds, messages / length] as const),
      },
    ],
  }
  const latency: Timeline = {
    axis: 'latency',
    scale: 'log',
    format: time,
    bounds,
    lines: (['p50', 'p99', 'max'] as const).map((name, index) => ({
      label: name,
      accent: index === 0,
      points: timeline
        .map((moment) => [moment.seconds, moment[`${name}Us`]] as const)
        .filter(([, us]) => us > 0),
    })),
  }
  const charts = (name: string, what: string, of: Timeline) => ({
    wide: timelineChart(`${name}-wide`, what, of, 'wide'),
    narrow: timelineChart(`${name}-narrow`, what, of, 'narrow'),
  })
  return [
    '<h2>While it ran</h2>',
    figure(
      charts('throughput', `${many} a second over time`, throughput),
      'Throughput. Rounds end at the dashed lines.',
    ),
    figure(charts('latency', 'Latency over time', latency), 'Latency of each moment.'),
  ].join('\n')
}

function roundsSection({ rounds, mode }: Result): string {
  if (rounds.length === 0) return ''
  const withServer = rounds.some(({ server }) => server !== undefined)
  const head = [
    'round',
    'seconds',
    COUNTED[mode].many,
    'a second',
    'received',
    'compared',
    'lost',
    'generator busy',
    ...(withServer ? ['server busy', "server's CPU, µs each"] : []),
  ]
  const rows = rounds.map((round, index) => [
    String(index + 1),
    round.seconds.toFixed(2),
    grouped(round.messages),
    count(rateOf(round)),
    bytes(round.bytes),
    bytes(round.verifiedBytes),
    grouped(round.lost),
    `${(round.clientBusy * 100).toFixed(0)}%`,
    ...(withServer
      ? [`${((round.server?.busy ?? 0) * 100).toFixed(0)}%`, digits(serverCpuUsOf(round) ?? 0)]
      : []),
  ])
  return `<h2>Rounds</h2>\n${htmlTable(head, rows)}`
}

function errorsSection({ errors, syscallsPerMessage }: Result): string {
  const calls = Object.entries(syscallsPerMessage ?? {}).sort(([, a], [, b]) => b - a)
  const kinds = Object.entries(errors)
  return [
    ...(kinds.length === 0
      ? []
      : [
          '<h2>Errors</h2>',
          htmlTable(
            ['kind', 'how many'],
            kinds.map(([kind, n]) => [kind, grouped(n)]),
          ),
        ]),
    ...(calls.length === 0
      ? []
      : [
          '<h2>System calls of the server</h2>',
          htmlTable(
            ['call', 'for one message'],
            calls.map(([name, n]) => [name, n.toFixed(3)]),
          ),
        ]),
  ].join('\n')
}

function methodSection(result: Result): string {
  const { environment, command, startedAt, warmupSeconds, workers, seed } = result
  return [
    '<h2>How it was measured</h2>',
    htmlTable(
      ['', ''],
      [
        ['command', `pollux-bench ${command.join(' ')}`],
        ['when', startedAt],
        ['warm-up', `${warmupSeconds} s`],
        ['workers · seed', `${workers} · ${seed}`],
        ['loop', describeLoop(result)],
        ['machine', `${environment.cpu}, ${environment.cores} cores`],
        ['system', `Linux ${environment.kernel}, Node.js ${environment.node}`],
      ],
      'text',
    ),
  ].join('\n')
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}
