/** `npm run bench -- crosscheck`: the same servers under other load generators, interleaved with ours. */
import { onFreshServer } from '../comparison/trial.js'
import { compilePrograms } from '../compile.js'
import { describeEnvironment, type Environment } from '../environment.js'
import { type Flags, pick, pickWorkloads } from '../flags.js'
import { listComparisonPeers } from '../peers/comparison.js'
import { type ComparisonPeer, preparePeers, type Skipped } from '../peers/comparison-peer.js'
import type { Row } from '../plan.js'
import { checkSaving, type FileTrial, type Method } from '../results-file.js'
import { conduct, methodOf, type Place } from '../run.js'
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
  const checks = pickWorkloads(CHECKS, flags)
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

  return conduct({
    ...{ name: 'crosscheck', args, flags, rows, skipped, runTrial },
    peers: ready,
    method: methodOf(flags, { rounds: flags.quick ? 2 : 6, durationSeconds: 1, warmupSeconds: 0.3 }),
    workloadOf: ({ workload }) => ({ ...workload, reference: undefined }),
    text: (file) => {
      const { environment, method, seconds } = file
      return (
        `${agreementTable(agreements(file))}\n\n${describeEnvironment(environment)}\n` +
        `${method.rounds} rounds of ${method.durationSeconds} s a trial, ${seconds} s in all, seed ${method.seed}`
      )
    },
  })
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

/** One tool at one fresh server, once. */
function runTrial(
  place: Place,
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
