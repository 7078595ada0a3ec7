/** `npm run bench`: the comparison. */
import { compilePrograms } from '../compile.js'
import { describeEnvironment } from '../environment.js'
import { type Flags, pick } from '../flags.js'
import { listComparisonPeers } from '../peers/comparison.js'
import { type ComparisonPeer, preparePeers } from '../peers/comparison-peer.js'
import type { Row } from '../plan.js'
import { checkSaving, type Method, type ResultsFile } from '../results-file.js'
import { type Checkout, prepareAgainst } from '../revision.js'
import { conduct, methodOf, say } from '../run.js'
import { UsageError } from '../usage-error.js'
import { buildMatrix, estimateSeconds, FULL, QUICK } from './matrix.js'
import { againstTable, comparisonTables } from './table.js'
import { runTrial } from './trial.js'
import { WORKLOADS, type Workload } from './workloads.js'

/** Compares, prints, and saves where that is asked for. @returns the exit code: 1 where a trial failed */
export async function compareAll(flags: Flags, args: readonly string[]): Promise<number> {
  const { quick = false, backend, twin } = flags
  // Names are checked before anything is built.
  const workloads = pick(WORKLOADS, flags.workload, '--workload')
  pick(listComparisonPeers({ backend, twin }), flags.only, '--only')
  checkSaving('comparison', flags)
  const against = flags.against === undefined ? undefined : prepareAgainst(flags.against, { onProgress: say })
  compilePrograms()
  const { ready, skipped } = choosePeers(flags, against)
  const rows = buildMatrix(workloads, ready, onlyOf(flags, ready, against))
  if (rows.length === 0) throw new UsageError('none of these peers serves any of these workloads')

  const byDefault = quick ? QUICK : FULL
  const method = methodOf(flags, {
    ...byDefault,
    // Without an interval two revisions can't be told apart.
    rounds: against === undefined ? byDefault.rounds : FULL.rounds,
  })
  announce(rows, method)
  return conduct({
    ...{ name: 'comparison', args, flags, method, rows, skipped, runTrial },
    ...{ peers: ready, against: against?.revision, text: textOf },
    workloadOf: (workload) => workload,
  })
}

/** Who is there. One that was asked for by name and is not there is an error. */
function choosePeers(flags: Flags, against: Checkout | undefined) {
  const { backend, twin } = flags
  const all = listComparisonPeers({ backend, twin, against: against?.directory })
  const wanted = all.filter(
    ({ name, group }) =>
      flags.only?.includes(name.replace(/@against$|-twin$/, '')) ??
      (against === undefined || group === 'pollux'),
  )
  const { ready, skipped } = preparePeers(wanted)
  if (flags.only !== undefined && skipped.length > 0) {
    throw new UsageError(skipped.map(({ peer, why }) => `${peer} can't be run: ${why}`).join('\n'))
  }
  return { ready, skipped }
}

/** Whom every row takes in place of its own choice: those of `--only`, and with `--against` each Pollux there is. */
function onlyOf(flags: Flags, ready: readonly ComparisonPeer[], against: Checkout | undefined) {
  return flags.only ?? (against === undefined ? undefined : ready.map(({ name }) => name))
}

function announce(rows: readonly Row<Workload, ComparisonPeer>[], method: Method): void {
  const cells = rows.reduce((sum, { peers }) => sum + peers.length, 0)
  const minutes = estimateSeconds(rows, method) / 60
  say(
    `${count(rows.length, 'workload')}, ${cells} measurements a round, ${count(method.rounds, 'round')}: about ` +
      `${minutes < 2 ? `${Math.ceil(minutes * 60)} seconds` : `${Math.round(minutes)} minutes`}`,
  )
}

function textOf(file: ResultsFile): string {
  const { environment, method, seconds, revision, against, skipped } = file
  const { rounds, durationSeconds, seed } = method
  const parts = [
    comparisonTables(file),
    ...(against === undefined ? [] : [againstTable(file, against)]),
    ...(skipped.length === 0
      ? []
      : [`Skipped:\n${skipped.map(({ peer, why }) => `  ${peer}: ${why}`).join('\n')}`]),
    `${describeEnvironment(environment)}\n` +
      `Pollux ${revision} · ${count(rounds, 'round')} of ${durationSeconds} s a trial, ${seconds} s in all, seed ${seed}`,
  ]
  return parts.join('\n\n')
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
