/** `npm run bench -- crosscheck`: the same servers under other load generators, interleaved with ours. */
import { onFreshServer } from '../comparison/trial.js'
import { compilePrograms } from '../compile.js'
import { describeEnvironment, type Environment, readEnvironment } from '../environment.js'
import { type Flags, pick, randomSeed } from '../flags.js'
import { formatValue } from '../format.js'
import { listComparisonPeers } from '../peers/comparison.js'
import { type ComparisonPeer, preparePeers, type Skipped } from '../peers/comparison-peer.js'
import type { Row } from '../plan.js'
import { checkSaving, type FileTrial, type Method } from '../results-file.js'
import { announceOrder, conclude, fileOf, say } from '../run-file.js'
import { type RunProgress, runRows } from '../run-rows.js'
import { UsageError } from '../usage-error.js'
import { CHECKS, type Check, suits, toolServers } from './checks.js'
import { agreements, agreementTable } from './table.js'
import type { Tool } from './tools.js'

/** A tool at a server. */
interface Pair {
  tool: Tool
  server: ComparisonPeer
}

/** Runs all checks, prints and saves. @returns the exit code: 1 where a trial failed; that tools differ is no failure */
export async function crossCheck(flags: Flags, args: readonly string[]): Promise<number> {
  if (flags.against !== undefined || flags.twin) {
    throw new UsageError(
      'crosscheck compares load generators, not servers: it takes no --against and no --twin',
    )
  }
  const names = CHECKS.map(({ workload }) => ({ name: workload.name }))
  const wanted = pick(names, flags.workload, '--workload').map(({ name }) => name)
  const checks = CHECKS.filter(({ workload }) => wanted.includes(workload.name))
  const all = [...listComparisonPeers({ backend: flags.backend }), ...toolServers()]
  const only = pick(
    all.filter(({ name }) => checks.some(({ servers }) => servers.includes(name))),
    flags.only,
    '--only',
  )
  checkSaving('crosscheck', flags)
  compilePrograms()
  const { ready, skipped } = preparePeers(only)
  const rows = rowsOf(checks, ready, skipped)
  if (rows.length === 0) throw new UsageError(`nothing can be checked here: ${skipped.map(({ why }) => why)}`)

  const environment = readEnvironment()
  const method: Method = {
    rounds: flags.rounds ?? (flags.quick ? 2 : 6),
    durationSeconds: flags.duration ?? 1,
    warmupSeconds: 0.3,
    seed: flags.seed ?? randomSeed(),
    quick: flags.quick ?? false,
  }
  announceOrder(skipped, method.seed)
  const startedAt = new Date()
  const trials = await runRows(
    rows,
    method,
    (place, check, pair) => runCheck(place, check, pair, environment, method),
    tell,
  )
  const workloads = rows.map(({ shape: { workload } }) => ({ ...workload, reference: undefined }))
  const run = {
    name: 'crosscheck',
    args,
    startedAt,
    environment,
    method,
    peers: ready,
    skipped,
    workloads,
    trials,
  }
  const file = fileOf(run)
  const text =
    `${agreementTable(agreements(file))}\n\n${describeEnvironment(environment)}\n` +
    `${method.rounds} rounds of ${method.durationSeconds} s a trial, ${file.seconds} s in all, seed ${method.seed}`
  return conclude(file, flags, text)
}

/** Who meets whom; tools that are not there are added to those that are skipped. */
function rowsOf(
  checks: readonly Check[],
  ready: readonly ComparisonPeer[],
  skipped: Skipped[],
): Row<Check, Pair>[] {
  return checks.flatMap((check) => {
    const tools = check.tools.filter((tool) => {
      const why = tool.missing()
      if (why !== undefined && !skipped.some(({ peer }) => peer === tool.name)) {
        skipped.push({ peer: tool.name, why })
      }
      return why === undefined
    })
    const servers = ready.filter(({ name }) => check.servers.includes(name))
    const peers = servers.flatMap((server) =>
      tools.filter((tool) => suits(tool, server.name)).map((tool) => ({ tool, server })),
    )
    return peers.length === 0 ? [] : [{ shape: check, peers }]
  })
}

function tell(trial: FileTrial, { workload: { label, unit } }: Check, { done, of }: RunProgress): void {
  const outcome = trial.value === undefined ? `FAILED: ${trial.error}` : formatValue(trial.value, unit)
  say(`${done}/${of} round ${trial.round} · ${label} · ${trial.tool} at ${trial.peer}: ${outcome}`)
}

/** One tool at one fresh server, once. */
function runCheck(
  place: { round: number; order: number },
  { workload }: Check,
  { tool, server: peer }: Pair,
  environment: Environment,
  times: Method,
): Promise<FileTrial> {
  const { cores } = environment
  return onFreshServer(
    { ...place, tool: tool.name },
    workload,
    peer,
    environment,
    async (trial, server, protocol) => {
      const { target, pid } = server
      Object.assign(trial, await tool.run(workload, { target, pid, protocol, cores, times }))
    },
  )
}
