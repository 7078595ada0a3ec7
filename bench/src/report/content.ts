/** What the report says, before it is Markdown or HTML: chapters of text, tables and charts. */
import { Figures } from '../comparison/figures.js'
import type { Family, ResultsFile } from '../results-file.js'
import { barFigure, costFigures, type Figure, percentileFigure } from './charts.js'
import { CROSSCHECK_HEAD, CROSSCHECK_NOTE, crosscheckRows, crosscheckSummary } from './crosscheck.js'
import { type Finding, findAll, tally } from './findings.js'
import { environmentRows, methodRows } from './method.js'
import {
  cpuCell,
  cpuWords,
  FAMILIES,
  headline,
  LOAD_BOUND,
  LOAD_BOUND_NOTE,
  sentence,
  VERSUS_NOTE,
  versusCell,
} from './words.js'

export interface Table {
  head: string[]
  rows: string[][]
  /** Of figures, which stand to the right, in one line or in several, or of text. */
  kind: 'figures' | 'wrapped' | 'text'
}

export type Part =
  | { text: string; isNote?: boolean }
  | { list: string[] }
  | { table: Table }
  /** Small ones side by side, each under its own title. */
  | { cards: { label: string; figure: Figure }[] }
  | { label: string; figure: Figure }

export interface Chapter {
  title: string
  parts: Part[]
}

export interface Content {
  title: string
  lead: string
  chapters: Chapter[]
}

/** @param crosscheck what other tools measured, where that is known */
export function contentOf(file: ResultsFile, crosscheck: ResultsFile | undefined): Content {
  const findings = findAll(file)
  return {
    title: `${headline(findings)}`,
    lead: leadOf(findings, file),
    chapters: [
      losses(findings),
      ratios(findings),
      ...families(findings, file),
      curves(findings, file),
      ...(crosscheck === undefined ? [] : [checks(crosscheck)]),
      peersOf(file),
      method(file),
      failures(file),
    ].filter(({ parts }) => parts.length > 0),
  }
}

/** What was compared, and what came of it, kind by kind. */
export function leadOf(
  findings: readonly Finding[],
  { peers, workloads, startedAt, method: { rounds } }: ResultsFile,
): string {
  const js = tally(findings, 'javascript')
  const native = tally(findings, 'native')
  const bound = findings.filter(({ best }) => best?.isBound).length
  const against = ({ all, ahead, level, behind }: typeof js, whom: string) =>
    all === 0
      ? ''
      : ` Against the best ${whom}: ahead in ${ahead} of ${all}, level in ${level}, behind in ${behind}.`
  return (
    `${peers.length} servers under ${workloads.length} loads in one interleaved run on one machine, ` +
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${startedAt.slice(0, 10)}.` +
    against(js, 'JavaScript runtime') +
    against(native, 'of C, Go and Rust') +
    (bound === 0
      ? ''
      : ` In ${bound} workloads the generator set the pace of one of the two (${LOAD_BOUND}), and CPU time says more than rates.`)
  )
}

function losses(findings: readonly Finding[]): Chapter {
  const lost = findings.filter(({ best }) => best?.outcome === 'behind')
  return {
    title: 'Where Pollux loses',
    parts: [
      lost.length === 0
        ? { text: 'In no workload of this run.' }
        : {
            list: lost.map(
              (finding) => `${finding.workload.label}: ${sentence(finding)}${cpuWords(finding.best)}`,
            ),
          },
      {
        text:
          '[where-the-time-goes.md](where-the-time-goes.md) says why, by profiles; [performance.md](performance.md) how to get the same speed, and what ' +
          'each setting changes.',
      },
    ],
  }
}

function ratios(findings: readonly Finding[]): Chapter {
  const rows = findings.flatMap(({ workload, pollux, best, javascript, native, product }) =>
    pollux === undefined
      ? []
      : [
          [
            workload.label,
            pollux.label,
            ...[best, javascript, native, product].map(versusCell),
            cpuCell(best),
          ],
        ],
  )
  if (rows.length === 0) return { title: '', parts: [] }
  return {
    title: 'Pollux by the best of the others',
    parts: [
      {
        table: {
          head: [
            'workload',
            'the best of Pollux',
            'by the best of all',
            'of JavaScript',
            'of C, Go and Rust',
            'of products',
            'CPU for a message, by the best of all',
          ],
          rows,
          kind: 'wrapped',
        },
      },
      { text: VERSUS_NOTE, isNote: true },
    ],
  }
}

/** A chapter for each kind of load: bars for all workloads, percentiles for the most ordinary of them. */
function families(findings: readonly Finding[], file: ResultsFile): Chapter[] {
  const names = Object.keys(FAMILIES).filter((name) => name !== 'cost') as Family[]
  return names.flatMap((name) => {
    const own = findings.filter(({ workload }) => (workload.family ?? 'echo') === name)
    if (own.length === 0) return []
    const cards = own.map((finding) => ({ label: finding.workload.label, figure: barFigure(finding, file) }))
    const ordinary =
      own.find(({ workload: { connections, depth } }) => connections >= 50 && depth === 1) ??
      (own[0] as Finding)
    const percentiles = name === 'idle' ? undefined : percentileFigure(ordinary, file)
    const unit = (own[0] as Finding).workload.unit
    const what =
      unit === 'bytes'
        ? 'Bytes for a connection: less is better'
        : `${capital(unit.replace('/s', ''))} a second`
    const figures = new Figures(file.trials)
    const isBound = own.some(({ workload, peers }) =>
      peers.some((peer) => figures.loadBound(workload.name, peer.name)),
    )
    const dagger = isBound ? ` ${LOAD_BOUND} ${LOAD_BOUND_NOTE}` : ''
    return [
      {
        title: FAMILIES[name],
        parts: [
          {
            text: `${what}. Pollux in colour; the thin lines are confidence intervals.${dagger}`,
            isNote: true,
          },
          { cards },
          ...(percentiles === undefined
            ? []
            : [{ label: `Latency, ${ordinary.workload.label}`, figure: percentiles }]),
        ],
      },
    ]
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function curves(findings: readonly Finding[], file: ResultsFile): Chapter {
  const labels = ['Throughput', 'Latency', 'CPU time', 'Memory']
  const parts = costFigures(findings, file).map((figure, index) => ({ label: labels[index] ?? '', figure }))
  return { title: FAMILIES.cost, parts }
}

function checks(crosscheck: ResultsFile): Chapter {
  const rows = crosscheckRows(crosscheck)
  if (rows.length === 0) return { title: '', parts: [] }
  return {
    title: 'Cross-checks by other tools',
    parts: [
      {
        text:
          'The same servers under the same load, by pollux-bench and by generators that share no code with it, in turns. ' +
          crosscheckSummary(crosscheck),
      },
      { table: { head: CROSSCHECK_HEAD, rows, kind: 'wrapped' } },
      { text: CROSSCHECK_NOTE, isNote: true },
      ...skippedOf(crosscheck),
    ],
  }
}

function peersOf(file: ResultsFile): Chapter {
  const rows = file.peers.map(({ label, group, version }) => [label, group ?? '', version])
  return {
    title: 'Who was compared',
    parts: [{ table: { head: ['peer', 'kind', 'version'], rows, kind: 'text' } }, ...skippedOf(file)],
  }
}

function skippedOf({ skipped }: ResultsFile): Part[] {
  if (skipped.length === 0) return []
  const rows = skipped.map(({ peer, why }) => [peer, why])
  return [
    { text: 'Not on this machine, and so left out:' },
    { table: { head: ['peer', 'what is missing, and how to get it'], rows, kind: 'text' } },
  ]
}

function method(file: ResultsFile): Chapter {
  return {
    title: 'How it was measured',
    parts: [
      {
        text:
          'Each trial is a fresh server on one core and a fresh pollux-bench on another, in random order, all servers of a ' +
          'workload directly after each other. [bench/README.md](../bench/README.md) has all of the method.',
      },
      { table: { head: ['run', ''], rows: methodRows(file), kind: 'text' } },
      { table: { head: ['machine', ''], rows: environmentRows(file), kind: 'text' } },
    ],
  }
}

function failures({ trials }: ResultsFile): Chapter {
  const failed = trials.filter(({ error }) => error !== undefined)
  const list = failed.map(
    ({ workload, peer, round, error }) => `${peer}, ${workload}, round ${round}: ${error}`,
  )
  return { title: 'Trials that failed', parts: list.length === 0 ? [] : [{ list }] }
}
