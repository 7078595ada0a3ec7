/** All trials of the comparison, one after the other. */
import type { Environment } from '../environment.js'
import { formatValue } from '../format.js'
import { isInterrupted } from '../interrupt.js'
import type { ComparisonPeer } from '../peers/comparison-peer.js'
import { planRows, type Row } from '../plan.js'
import type { FileTrial, Method } from '../results-file.js'
import { runTrial } from './trial.js'
import type { Workload } from './workloads.js'

export interface RunEvents {
  /** A trial is over. */
  onTrial?: (trial: FileTrial, workload: Workload, progress: { done: number; of: number }) => void
}

/** Runs them in a random order of rows and peers, until it is interrupted. What fails is in its trial. */
export async function runComparison(
  rows: readonly Row<Workload, ComparisonPeer>[],
  environment: Environment,
  method: Method,
  { onTrial }: RunEvents = {},
): Promise<FileTrial[]> {
  const steps = planRows(rows, method.rounds, method.seed)
  const trials: FileTrial[] = []
  for (const { round, shape, peer } of steps) {
    if (isInterrupted()) break
    const trial = await runTrial({ round, order: trials.length }, shape, peer, environment, method)
    trials.push(trial)
    onTrial?.(trial, shape, { done: trials.length, of: steps.length })
  }
  return trials
}

/** One line for each trial. */
export function describeTrial(
  trial: FileTrial,
  { label, unit }: Workload,
  { done, of }: { done: number; of: number },
): string {
  const outcome = trial.value === undefined ? `FAILED: ${trial.error}` : formatValue(trial.value, unit)
  return `${done}/${of} round ${trial.round} · ${label} · ${trial.peer}: ${outcome}`
}
