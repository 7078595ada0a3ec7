/** What tools that are not ours say of the same servers. */
import { type Agreement, agreements, VERDICTS } from '../crosscheck/table.js'
import { formatInterval } from '../format.js'
import type { ResultsFile } from '../results-file.js'
import { formatFigure, LOAD_BOUND, NONE } from './words.js'

export const CROSSCHECK_HEAD = [
  'load',
  'server',
  'the other tool',
  'a second',
  'pollux-bench',
  'tool ÷ pollux-bench',
  "server's CPU for each, the same",
  'verdict',
]

export const CROSSCHECK_NOTE =
  `${LOAD_BOUND} This tool was the bottleneck. In a closed loop two tools can only agree on a rate where the server sets it; where the slower one ` +
  'had no time left, the rate is the tool’s, and the faster one shows that the server can do more. The CPU time that a message costs ' +
  'the server is the better witness then. It depends on how many requests come at once, too, and so on the tool. ' +
  'iperf3 knows only its own server: it sends both ways, and is held against an echo in C, where the same bytes travel.'

/** One line for each other tool under each load. */
export function crosscheckRows(file: ResultsFile): string[][] {
  return agreements(file).map((agreement) => {
    const { workload, server, tool, value, ours, ratio, cpuRatio, loadBound, verdict } = agreement
    const figure = (median: number, isBound: boolean) =>
      `${formatFigure(median, workload.unit)}${isBound ? LOAD_BOUND : ''}`
    return [
      workload.label,
      server.label,
      tool,
      figure(value.median, loadBound.tool),
      figure(ours.median, loadBound.ours),
      formatInterval(ratio),
      cpuRatio === undefined ? NONE : formatInterval(cpuRatio),
      verdict === 'differ' ? `${VERDICTS.differ} ▼` : VERDICTS[verdict],
    ]
  })
}

/** How many of them came to what. */
export function crosscheckSummary(file: ResultsFile): string {
  const all = agreements(file)
  const count = (verdict: Agreement['verdict']) => all.filter((each) => each.verdict === verdict).length
  const parts = [
    `${count('agree')} of ${all.length} agree`,
    `in ${count('bound')} the slower tool had no time left`,
    `${count('differ')} differ`,
    ...(count('unknown') === 0 ? [] : [`of ${count('unknown')} too few rounds can't tell`]),
  ]
  return `${parts.join(', ')}.`
}
