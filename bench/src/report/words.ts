/** Findings in words and cells. */
import { bytes, count, digits } from '../../generator/dist/charts/numbers.js'
import { formatInterval } from '../format.js'
import type { FileWorkload, Unit } from '../results-file.js'
import { type Finding, lessIsBetter, tally, type Versus } from './findings.js'

export const NONE = '–'
export const LOAD_BOUND = '†'
export const LOAD_BOUND_NOTE =
  'The generator set the pace: the server may be faster, and the CPU time for a message says more than the rate.'

export function formatFigure(value: number, unit: Unit): string {
  return unit === 'bytes' ? bytes(value) : count(value)
}

function percent(ratio: number): string {
  const value = Math.abs(ratio - 1) * 100
  return `${value.toFixed(value < 9.95 ? 1 : 0)}%`
}

/** How many times, or by how many percent: whichever people say. */
function times(ratio: number): string {
  if (ratio >= 2) return `${digits(ratio)} times`
  return ratio >= 1 ? `${percent(ratio)} more than` : `${percent(ratio)} less than`
}

/** One workload in one sentence. */
export function sentence({ workload, pollux, best }: Finding): string {
  if (pollux === undefined || best === undefined) return workload.label
  const ratio = best.ratio.median
  const perhaps = best.isCertain ? '' : ', as far as one can tell from so few rounds'
  if (best.outcome === 'level') {
    return `${pollux.label} and ${best.peer.label} are level: ${formatInterval(best.ratio)}`
  }
  if (lessIsBetter(workload)) return `${pollux.label} takes ${times(ratio)} ${best.peer.label}${perhaps}`
  return best.outcome === 'ahead'
    ? `${pollux.label} does ${times(ratio)} ${best.peer.label}, the best of the others${perhaps}`
    : `${best.peer.label} leads: ${pollux.label} does ${percent(ratio)} less${perhaps}`
}

/** What all of it comes to. */
export function headline(findings: readonly Finding[]): string {
  const { all, ahead, level, behind } = tally(findings)
  return `Against the best of all others in each of ${all} workloads, Pollux is ahead in ${ahead}, level in ${level} and behind in ${behind}`
}

const MARKS = { ahead: '', level: '', behind: ' ▼' }

/** A ratio with its interval; ▼ where Pollux loses. */
export function versusCell(versus: Versus | undefined): string {
  if (versus === undefined) return NONE
  const doubt = versus.isCertain ? '' : ' ?'
  const bound = versus.isBound ? ` ${LOAD_BOUND}` : ''
  return `${versus.peer.label}: ${formatInterval(versus.ratio)}${bound}${MARKS[versus.outcome]}${doubt}`
}

/** The CPU time for a message, by that of the other. */
export function cpuCell(versus: Versus | undefined): string {
  return versus?.cpu === undefined ? NONE : formatInterval(versus.cpu)
}

/** The same, behind a sentence about rates. */
export function cpuWords(versus: Versus | undefined): string {
  if (versus?.cpu === undefined) return ''
  const bound = versus.isBound ? ', and the generator set the pace of one of them' : ''
  return ` (CPU for a message: ${formatInterval(versus.cpu)} of ${versus.peer.label}${bound})`
}

export const VERSUS_NOTE =
  'Each ratio is the best way to use Pollux by the best of the others, paired within each round, with the confidence ' +
  'interval of its median in parentheses. Of memory and CPU time less is better. ▼ Pollux loses. ? Too few rounds for a confidence of 95%. ' +
  `${LOAD_BOUND} Of one of the two: ${LOAD_BOUND_NOTE.charAt(0).toLowerCase()}${LOAD_BOUND_NOTE.slice(1)}`

/** The head of a family's chapter. */
export const FAMILIES: Record<NonNullable<FileWorkload['family']>, string> = {
  echo: 'Echo over TCP',
  churn: 'Connections that come and go',
  idle: 'Memory of idle connections',
  fanout: 'One message to many',
  udp: 'Datagrams',
  unix: 'Unix sockets',
  http: 'HTTP',
  store: 'Stores',
  'slow-readers': 'Beside peers that do not read',
  cost: 'As connections grow',
}
