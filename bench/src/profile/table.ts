/** The table of a profile: CPU time of the server for one message, by what it went into. */
import { Figures } from '../comparison/figures.js'
import { table } from '../report/markdown.js'
import { measuredBy, roundsOf, workloadsOf } from '../report/method.js'
import { NONE } from '../report/words.js'
import type { FilePeer, FileTrial, FileWorkload, ResultsFile } from '../results-file.js'
import { median } from '../stats.js'
import { type Kind, kindOf } from './places.js'

const KINDS: Readonly<Record<Kind, string>> = {
  receive: 'receive',
  send: 'send',
  wait: 'wait for events',
  kernel: 'rest of the kernel',
  javascript: 'JavaScript',
  program: 'the program, its runtime and libraries',
}

/**
 * A row for each server under each load.
 *
 * @param names of the workloads, in the order wanted; all where there are none
 * @param hasMethod whether how and on what it was measured stands below
 * @throws Error for a workload that the results do not have
 */
export function profileTable(file: ResultsFile, names: readonly string[] = [], hasMethod = true): string {
  const figures = new Figures(file.trials)
  const rows = workloadsOf(file, names).flatMap((workload) =>
    inOrder(file.peers, workload).flatMap((peer) => rowOf(figures, workload, peer)),
  )
  const text = table({ head: ['µs of CPU for a message', '', 'all', ...Object.values(KINDS)], rows })
  if (!hasMethod) return text
  const { method, startedAt } = file
  return (
    `${text}\n\nMedians of ${roundsOf(file)}, sampled by perf for ${method.durationSeconds} s each, ` +
    `${startedAt.slice(0, 10)}, by ${measuredBy(file)}.`
  )
}

/** The reference first. */
function inOrder(peers: readonly FilePeer[], { reference }: FileWorkload): FilePeer[] {
  return [
    ...peers.filter(({ name }) => name === reference),
    ...peers.filter(({ name }) => name !== reference),
  ]
}

function rowOf(figures: Figures, { name, label }: FileWorkload, peer: FilePeer): string[][] {
  const trials = figures.of(name, peer.name).filter(({ places }) => places !== undefined)
  const all = figures.cpuUs(name, peer.name)
  if (trials.length === 0 || all === undefined) return []
  const digits = all < 1 ? 3 : 2
  const kinds = (Object.keys(KINDS) as Kind[]).map((kind) => {
    const us = median(trials.map((trial) => timeIn(trial, kind)))
    return us === 0 ? NONE : us.toFixed(digits)
  })
  return [[label, peer.label, all.toFixed(digits), ...kinds]]
}

function timeIn({ places = {}, cpuUs }: FileTrial, kind: Kind): number {
  const shares = Object.entries(places).filter(([place]) => kindOf(place) === kind)
  return shares.reduce((sum, [, share]) => sum + share, 0) * (cpuUs?.total ?? 0)
}
