/** What a run of the comparison's peers ends with: its file, and word of what went wrong. */
import type { Environment } from './environment.js'
import type { Flags } from './flags.js'
import { isInterrupted } from './interrupt.js'
import type { ComparisonPeer, Skipped } from './peers/comparison-peer.js'
import {
  type FileTrial,
  type FileWorkload,
  type Method,
  type ResultsFile,
  saveResults,
} from './results-file.js'
import { describeRevision } from './revision.js'

export interface Run {
  name: string
  args: readonly string[]
  startedAt: Date
  against?: string | undefined
  environment: Environment
  method: Method
  peers: readonly ComparisonPeer[]
  skipped: Skipped[]
  workloads: readonly FileWorkload[]
  trials: FileTrial[]
}

export function fileOf({ args, startedAt, against, peers, workloads, trials, ...run }: Run): ResultsFile {
  return {
    format: 1,
    ...run,
    command: [...args],
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    revision: describeRevision(),
    ...(against === undefined ? {} : { against }),
    peers: peers.map((peer) => ({
      ...{ name: peer.name, label: peer.label, group: peer.group },
      version: peer.version(),
    })),
    // Without what only the runner needs.
    workloads: workloads.map(({ name, label, unit, family, connections, size, depth, reference }) => ({
      ...{ name, label, unit, family, connections, size, depth },
      ...(reference === undefined ? {} : { reference }),
    })),
    ...(isInterrupted() ? { interrupted: true } : {}),
    trials,
  }
}

/** Saves, prints, and tells of each trial that failed. @returns the exit code: 1 where one did */
export function conclude(file: ResultsFile, flags: Flags, text: string): number {
  const isSaved = saveResults(file, flags, say)
  process.stdout.write(`\n${text}\n`)
  const failures = file.trials.filter(({ error }) => error !== undefined)
  for (const { round, workload, peer, tool, error } of failures) {
    say(`FAILED: ${tool === undefined ? '' : `${tool} at `}${peer}, ${workload}, round ${round}: ${error}`)
  }
  return failures.length > 0 || !isSaved ? 1 : 0
}

/** A run's progress, beside its results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** What is not there, and how the order of this run can be had again. */
export function announceOrder(skipped: readonly Skipped[], seed: number): void {
  for (const { peer, why } of skipped) say(`skipped: ${peer}: ${why}`)
  say(`seed ${seed} (--seed ${seed} repeats this order)`)
}
