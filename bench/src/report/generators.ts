/** What a message costs the load generators themselves: pollux-bench beside others, at the same server. */
import { formatInterval } from '../format.js'
import type { LoadResult } from '../load.js'
import type { FilePeer, FileTrial, FileWorkload, ResultsFile } from '../results-file.js'
import { interval, median, pairedRatios } from '../stats.js'
import { table } from './markdown.js'

const OURS = 'pollux-bench'

/** A row for each other tool under each load at each server, of the results of `crosscheck`. */
export function generatorTable({ workloads, peers, trials }: ResultsFile): string {
  const rows = workloads.flatMap((workload) => peers.flatMap((server) => rowsOf(workload, server, trials)))
  return table({
    head: ['load', 'server', 'the other tool', 'its CPU for a message, µs', OURS, `${OURS} ÷ the other`],
    rows,
  })
}

function rowsOf(workload: FileWorkload, server: FilePeer, trials: readonly FileTrial[]): string[][] {
  const cell = trials.filter((trial) => trial.workload === workload.name && trial.peer === server.name)
  const ours = costsOf(cell, OURS)
  const others = [...new Set(cell.flatMap(({ tool }) => (tool === undefined || tool === OURS ? [] : [tool])))]
  return others.sort().flatMap((tool) => {
    const theirs = costsOf(cell, tool)
    const ratio = interval(pairedRatios(ours, theirs))
    if (ratio === undefined) return []
    const us = [theirs, ours].map((costs) => median([...costs.values()]).toFixed(2))
    return [[workload.label, server.label, tool, ...us, formatInterval(ratio)]]
  })
}

/** CPU time for a message, by round. */
function costsOf(cell: readonly FileTrial[], tool: string): Map<number, number> {
  const costs = cell.flatMap((trial) => {
    const cost = trial.tool === tool && trial.error === undefined ? costOf(trial) : undefined
    return cost === undefined ? [] : [[trial.round, cost * 1e6] as const]
  })
  return new Map(costs)
}

function costOf({ result, raw }: FileTrial): number | undefined {
  if (result !== undefined) {
    const sum = (of: 'clientCpuSeconds' | 'messages') =>
      result.rounds.reduce((total, round) => total + round[of], 0)
    return sum('clientCpuSeconds') / sum('messages')
  }
  const load = raw as LoadResult | undefined
  return load === undefined || load.loadCpuSeconds === 0 ? undefined : load.loadCpuSeconds / load.messages
}
