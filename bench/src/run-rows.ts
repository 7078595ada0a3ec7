/** All trials of a run, one after the other. */
import { isInterrupted } from './interrupt.js'
import { planRows, type Row } from './plan.js'
import type { FileTrial, Method } from './results-file.js'

/** How far a run has come. */
export interface RunProgress {
  done: number
  of: number
}

/**
 * Runs them in a random order of rows and peers, until it is interrupted.
 *
 * @param run one trial, which never rejects: what fails is in its result
 */
export async function runRows<S, P>(
  rows: readonly Row<S, P>[],
  { rounds, seed }: Pick<Method, 'rounds' | 'seed'>,
  run: (place: { round: number; order: number }, shape: S, peer: P) => Promise<FileTrial>,
  onTrial: (trial: FileTrial, shape: S, progress: RunProgress) => void = () => {},
): Promise<FileTrial[]> {
  const steps = planRows(rows, rounds, seed)
  const trials: FileTrial[] = []
  for (const { round, shape, peer } of steps) {
    if (isInterrupted()) break
    const trial = await run({ round, order: trials.length }, shape, peer)
    trials.push(trial)
    onTrial(trial, shape, { done: trials.length, of: steps.length })
  }
  return trials
}
