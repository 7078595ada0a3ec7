/** A run of the comparison's peers, whatever is done to them: trial after trial, and the file at the end. */
import { type Environment, readEnvironment } from './environment.js'
import { type Flags, randomSeed } from './flags.js'
import { formatValue } from './format.js'
import { isInterrupted } from './interrupt.js'
import type { ComparisonPeer, Skipped } from './peers/comparison-peer.js'
import { planRows, type Row } from './plan.js'
import {
  type FileTrial,
  type FileWorkload,
  type Method,
  type ResultsFile,
  saveResults,
} from './results-file.js'
import { describeRevision } from './revision.js'

/** Which round, and the how-manieth of all. */
export interface Place {
  round: number
  order: number
}

export interface Run<S, P> {
  name: string
  /** The flags, as they were given and as they were read. */
  args: readonly string[]
  flags: Flags
  method: Method
  against?: string | undefined
  rows: readonly Row<S, P>[]
  /** All that may be in the rows. */
  peers: readonly ComparisonPeer[]
  skipped: Skipped[]
  workloadOf(shape: S): FileWorkload
  /** Never rejects: what fails is in its result. */
  runTrial(place: Place, shape: S, peer: P, environment: Environment, method: Method): Promise<FileTrial>
  /** What is told of a trial; its value unless something else is. */
  figure?(trial: FileTrial): string | undefined
  /** What is printed in the end. */
  text(file: ResultsFile): string
}

/** What the flags say of the method, and where they say nothing. */
export function methodOf(
  { rounds, duration, seed, quick = false }: Flags,
  otherwise: Pick<Method, 'rounds' | 'durationSeconds' | 'warmupSeconds'>,
): Method {
  return {
    rounds: rounds ?? otherwise.rounds,
    durationSeconds: duration ?? otherwise.durationSeconds,
    warmupSeconds: otherwise.warmupSeconds,
    seed: seed ?? randomSeed(),
    quick,
  }
}

/** Runs everything, saves and prints, and tells of each trial that failed. @returns the exit code: 1 where one did */
export async function conduct<S, P>(run: Run<S, P>): Promise<number> {
  const { name, args, flags, method, against, rows, peers, skipped, text } = run
  for (const { peer, why } of skipped) say(`skipped: ${peer}: ${why}`)
  say(`seed ${method.seed} (--seed ${method.seed} repeats this order)`)
  const environment = readEnvironment()
  const startedAt = new Date()
  const trials = await runRows(
    rows,
    method,
    (place, shape, peer) => run.runTrial(place, shape, peer, environment, method),
    (trial, shape, progress) => say(`${progress} ${describe(trial, run.workloadOf(shape), run.figure)}`),
  )
  const file: ResultsFile = {
    ...{ format: 1, name, command: [...args], startedAt: startedAt.toISOString() },
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    revision: describeRevision(),
    ...(against === undefined ? {} : { against }),
    ...{ environment, method, skipped },
    peers: peers
      .filter((peer) => trials.some((trial) => trial.peer === peer.name))
      .map((peer) => ({
        ...{ name: peer.name, label: peer.label, group: peer.group },
        version: peer.version(),
      })),
    workloads: rows.map(({ shape }) => plain(run.workloadOf(shape))),
    ...(isInterrupted() ? { interrupted: true } : {}),
    trials,
  }
  const isSaved = saveResults(file, flags, say)
  process.stdout.write(`\n${text(file)}\n`)
  const failures = trials.filter(({ error }) => error !== undefined)
  for (const { round, workload, error, ...trial } of failures) {
    say(`FAILED: ${who(trial)}, ${workload}, round ${round}: ${error}`)
  }
  return failures.length > 0 || !isSaved ? 1 : 0
}

/** All trials, in a random order of rows and peers, until it is interrupted. */
export async function runRows<S, P>(
  rows: readonly Row<S, P>[],
  { rounds, seed }: Pick<Method, 'rounds' | 'seed'>,
  runTrial: (place: Place, shape: S, peer: P) => Promise<FileTrial>,
  onTrial: (trial: FileTrial, shape: S, progress: string) => void = () => {},
): Promise<FileTrial[]> {
  const steps = planRows(rows, rounds, seed)
  const trials: FileTrial[] = []
  for (const { round, shape, peer } of steps) {
    if (isInterrupted()) break
    const trial = await runTrial({ round, order: trials.length }, shape, peer)
    trials.push(trial)
    onTrial(trial, shape, `${trials.length}/${steps.length}`)
  }
  return trials
}

/** A run's progress, beside its results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function describe(
  trial: FileTrial,
  { label, unit }: FileWorkload,
  figure = ({ value }: FileTrial) => (value === undefined ? undefined : formatValue(value, unit)),
): string {
  return `round ${trial.round} · ${label} · ${who(trial)}: ${figure(trial) ?? `FAILED: ${trial.error}`}`
}

function who({ peer, tool }: Pick<FileTrial, 'peer' | 'tool'>): string {
  return tool === undefined ? peer : `${tool} at ${peer}`
}

/** Without what only the runner needs. */
function plain({
  name,
  label,
  unit,
  family,
  connections,
  size,
  depth,
  reference,
}: FileWorkload): FileWorkload {
  return {
    ...{ name, label, unit, connections, size, depth },
    ...(family === undefined ? {} : { family }),
    ...(reference === undefined ? {} : { reference }),
  }
}
