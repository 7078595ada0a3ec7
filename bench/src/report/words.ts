/** Findings in words and cells. */
import { bytes, count, digits } from '../../generator/dist/charts/numbers.js'
import { formatInterval } from '../format.js'
import type { FileWorkload, Unit } from '../results-file.js'
import { type Finding, lessIsBetter, tally, type Versus } from './findings.js'

export const NONE = '–'

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
  return `${versus.peer.label}: ${formatInterval(versus.ratio)}${MARKS[versus.outcome]}${doubt}`
}

export const VERSUS_NOTE =
  'Each ratio is the best way to use Pollux by the best of the others, paired within each round, with the confidence ' +
  'interval of its median in parentheses. Of memory less is better. ▼ Pollux loses. ? Too few rounds for a confidence of 95%.'

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
