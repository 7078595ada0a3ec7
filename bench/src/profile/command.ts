/** `npm run bench -- profile`: where the time of servers goes, sampled while they are under load. */
import { generatorFlags, runGenerator } from '../comparison/generator.js'
import { figures, onFreshServer } from '../comparison/trial.js'
import { compilePrograms } from '../compile.js'
import { describeEnvironment, type Environment } from '../environment.js'
import { type Flags, pick, pickWorkloads } from '../flags.js'
import { listComparisonPeers } from '../peers/comparison.js'
import { type ComparisonPeer, preparePeers } from '../peers/comparison-peer.js'
import type { Row } from '../plan.js'
import { checkSaving, type FileTrial, type Method } from '../results-file.js'
import { conduct, methodOf, type Place } from '../run.js'
import { UsageError } from '../usage-error.js'
import { checkPerf, samplePlaces } from './perf.js'
import { PROFILES, type Profiled } from './profiles.js'
import { profileTable } from './table.js'

/** Of the load, before anything is sampled: what is compiled at run time is compiled by then. */
const WARMUP_SECONDS = 0.5

/** From the start of the generator until it is warm, and as much to spare behind the samples. */
const START_SECONDS = 1

/** Samples all, prints and saves. @returns the exit code: 1 where a trial failed */
export async function profile(flags: Flags, args: readonly string[]): Promise<number> {
  if (flags.against !== undefined || flags.twin) {
    throw new UsageError('profile takes no --against and no --twin: give it each revision by itself')
  }
  const profiles = pickWorkloads(PROFILES, flags)
  const all = listComparisonPeers({ backend: flags.backend })
  const only = pick(
    all.filter(({ name }) => profiles.some(({ peers }) => peers.includes(name))),
    flags.only,
    '--only',
  )
  checkPerf()
  checkSaving('profile', flags)
  compilePrograms()
  const { ready, skipped } = preparePeers(only)
  const rows = rowsOf(profiles, ready)
  if (rows.length === 0)
    throw new UsageError(`nothing can be profiled here: ${skipped.map(({ why }) => why)}`)

  return conduct({
    ...{ name: 'profile', args, flags, rows, peers: ready, skipped, runTrial },
    method: methodOf(flags, {
      rounds: flags.quick ? 1 : 6,
      durationSeconds: 1,
      warmupSeconds: WARMUP_SECONDS,
    }),
    workloadOf: ({ workload, peers }) => ({ ...workload, reference: peers[0] }),
    figure: ({ cpuUs }) => (cpuUs === undefined ? undefined : `${cpuUs.total.toFixed(2)} µs`),
    text: (file) => `${profileTable(file)}\n\n${describeEnvironment(file.environment)}`,
  })
}

function rowsOf(
  profiles: readonly Profiled[],
  ready: readonly ComparisonPeer[],
): Row<Profiled, ComparisonPeer>[] {
  return profiles.flatMap((shape) => {
    const peers = ready.filter(({ name }) => shape.peers.includes(name))
    return peers.length === 0 ? [] : [{ shape, peers }]
  })
}

/** One fresh server, sampled in the middle of one load. */
function runTrial(
  place: Place,
  { workload }: Profiled,
  peer: ComparisonPeer,
  environment: Environment,
  { durationSeconds, warmupSeconds }: Method,
): Promise<FileTrial> {
  return onFreshServer(place, workload, peer, environment, async (trial, server, protocol) => {
    const times = { warmupSeconds, durationSeconds: durationSeconds + START_SECONDS }
    const [places, { result }] = await Promise.all([
      samplePlaces(server.pid, START_SECONDS, durationSeconds),
      runGenerator(generatorFlags(workload, protocol, server, times), environment.cores),
    ])
    Object.assign(trial, figures(result, workload))
    trial.loadBound = result.verdict.generatorBound
    trial.places = sharesOf(places)
  })
}

/** @throws Error where the server was not seen at work */
function sharesOf(counts: ReadonlyMap<string, number>): Record<string, number> {
  const sum = [...counts.values()].reduce((total, count) => total + count, 0)
  if (sum === 0) throw new Error('perf has seen the server do nothing')
  const shares = [...counts].map(([place, count]) => [place, count / sum] as const)
  return Object.fromEntries(shares.sort(([, a], [, b]) => b - a))
}
