/** `npm run bench -- echo` and the other suites. */
import { againstTable } from './comparison/table.js'
import { compilePrograms } from './compile.js'
import { runEcho } from './echo.js'
import { describeEnvironment, readEnvironment } from './environment.js'
import { type Flags, pick, randomSeed } from './flags.js'
import { isInterrupted } from './interrupt.js'
import type { Peer } from './peers/peer.js'
import { Results } from './results.js'
import { checkSaving, type FileTrial, type ResultsFile, saveResults } from './results-file.js'
import { describeRevision, prepareAgainst } from './revision.js'
import { say } from './run.js'
import type { Suite } from './suites.js'
import { resultTable, targetTable } from './table.js'
import { judge } from './targets.js'
import type { Trial } from './trial.js'

/** Runs a suite and prints its tables. @returns the exit code: 1 where a trial failed */
export async function runSuite(suite: Suite, flags: Flags, args: readonly string[]): Promise<number> {
  const { quick = false } = flags
  // Names are checked before anything is built.
  const shapes = pick(suite.shapes, flags.workload, '--shape')
  const only = flags.only && flags.twin ? [...flags.only, `${suite.reference}-twin`] : flags.only
  const { backend, twin } = flags
  pick(suite.peers({ backend, twin, against: '' }), only, '--only')
  checkSaving(suite.name, flags)
  const against = flags.against === undefined ? undefined : prepareAgainst(flags.against, { onProgress: say })
  const peers = pick(
    suite.peers({ backend, twin, against: against?.directory }),
    against && only ? [...only, ...only.map((name) => `${name}@against`)].filter(isIn(suite, flags)) : only,
    '--only',
  )
  const options = {
    rounds: flags.rounds ?? (quick && against === undefined ? 2 : 6),
    seed: flags.seed ?? randomSeed(),
    times: {
      warmUpSeconds: quick ? 0.2 : 0.3,
      durationSeconds: flags.duration ?? (quick ? 0.5 : (suite.durationSeconds ?? 1.5)),
    },
  }

  compilePrograms()
  const environment = readEnvironment()
  say(`seed ${options.seed} (--seed ${options.seed} repeats this order)`)
  const startedAt = new Date()
  const trials = await runEcho(shapes, peers, environment, options)
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000)

  const { rounds, seed, times } = options
  const file: ResultsFile = {
    format: 1,
    name: suite.name,
    command: [...args],
    startedAt: startedAt.toISOString(),
    seconds,
    revision: describeRevision(),
    ...(against === undefined ? {} : { against: against.revision }),
    environment,
    method: {
      rounds,
      durationSeconds: times.durationSeconds,
      warmupSeconds: times.warmUpSeconds,
      seed,
      quick,
    },
    peers: peers.map(({ name, label }) => ({ name, label, version: '' })),
    skipped: [],
    workloads: shapes.map(({ name, label, unit, connections, size, depth }) => ({
      ...{ name, label, unit, connections, size, depth },
      reference: suite.reference,
    })),
    ...(isInterrupted() ? { interrupted: true } : {}),
    trials: trials.map(fileTrial),
  }
  const isSaved = saveResults(file, flags, say)

  const results = new Results(trials)
  const tables = [
    resultTable(results, shapes, peers, suite),
    ...(against === undefined ? [] : [againstTable(file, against.revision)]),
    ...(suite.targets.length > 0 && peers.some(isPollux) ? [targetTable(judge(results, suite.targets))] : []),
    `${describeEnvironment(environment)}\n` +
      `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${times.durationSeconds} s a trial, ${seconds} s in all, seed ${seed}`,
  ]
  process.stdout.write(`\n${tables.join('\n\n')}\n`)
  const failures = results.failures()
  for (const { round, shape, peer, error } of failures) {
    say(`FAILED: ${peer}, ${shape}, round ${round}: ${error}`)
  }
  return failures.length > 0 || !isSaved ? 1 : 0
}

/** Not everybody has a counterpart in the other revision. */
function isIn(suite: Suite, { backend, twin }: Flags): (name: string) => boolean {
  const names = suite.peers({ backend, twin, against: '' }).map(({ name }) => name)
  return (name) => names.includes(name)
}

/** A trial of a suite as the results file has it. */
export function fileTrial({ shape, load, idle, ...trial }: Trial, order: number): FileTrial {
  const { round, peer, startedAt, value, loadBound, disturbed, error } = trial
  return {
    ...{ workload: shape, peer, round, order, startedAt, loadBound, disturbed },
    ...(value === undefined ? {} : { value }),
    ...(load === undefined || load.messages === 0 ? {} : { cpuUs: cpuOf(load) }),
    ...(error === undefined ? {} : { error }),
    raw: load ?? idle,
  }
}

function cpuOf({ messages, server }: NonNullable<Trial['load']>): { total: number; user: number } {
  const total = (server.cpuSeconds / messages) * 1e6
  const split = server.userSeconds + server.systemSeconds
  return { total, user: split === 0 ? 0 : (total * server.userSeconds) / split }
}

function isPollux(peer: Peer): boolean {
  return peer.name.startsWith('pollux')
}
