/** What tools that are not ours say of the same servers. */
import { formatInterval } from '../format.js'
import type { FileTrial, ResultsFile } from '../results-file.js'
import { difference, type Interval, interval, median, pairedRatios } from '../stats.js'
import { formatFigure, NONE } from './words.js'

const OURS = 'pollux-bench'

export const CROSSCHECK_HEAD = ['load', 'server', 'pollux-bench', 'the other tool', 'ratio', 'agree?']

/** One line for each other tool under each load. */
export function crosscheckRows({ workloads, peers, trials }: ResultsFile): string[][] {
  return workloads.flatMap((workload) =>
    peers.flatMap((peer) => {
      const cell = trials.filter((trial) => trial.workload === workload.name && trial.peer === peer.name)
      const tools = [...new Set(cell.flatMap(({ tool }) => tool ?? []))].filter((tool) => tool !== OURS)
      return tools.map((tool) => {
        const [ours, theirs] = [byRound(cell, OURS), byRound(cell, tool)]
        const ratio = interval(pairedRatios(ours, theirs))
        const figure = (values: ReadonlyMap<number, number>) =>
          values.size === 0 ? NONE : formatFigure(median([...values.values()]), workload.unit)
        return [
          workload.label,
          peer.label,
          figure(ours),
          `${tool}: ${figure(theirs)}`,
          ratio === undefined ? NONE : formatInterval(ratio),
          ratio === undefined ? 'failed' : agreement(ratio),
        ]
      })
    }),
  )
}

function byRound(trials: readonly FileTrial[], tool: string): Map<number, number> {
  return new Map(
    trials.flatMap((trial) =>
      trial.tool === tool && trial.error === undefined && trial.value !== undefined
        ? [[trial.round, trial.value] as const]
        : [],
    ),
  )
}

/** Within 5% there is nothing that one would look for, whatever the interval. */
const CLOSE = 0.05

function agreement(ratio: Interval): string {
  if (Math.abs(ratio.median - 1) <= CLOSE) return 'yes'
  const told = difference(ratio)
  if (told === 'none' || (told === 'unknown' && ratio.low <= 1 && ratio.high >= 1)) return 'within noise'
  return `NO, pollux-bench says ${ratio.median > 1 ? 'more' : 'less'}`
}
