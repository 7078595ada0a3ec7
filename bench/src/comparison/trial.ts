/** One server under one load, once. */
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../environment.js'
import { type ComparisonPeer, type Protocol, serving } from '../peers/comparison-peer.js'
import type { FileTrial, Method } from '../results-file.js'
import { Server } from '../server.js'
import { coreTimes, cpuSeconds } from '../usage.js'
import { fillStore } from './fill.js'
import { generatorFlags, type KeptResult, runGenerator } from './generator.js'
import { protocolFor } from './matrix.js'
import type { Workload } from './workloads.js'

const DISTURBED_SHARE = 0.05

/** What of the errors is no failure: datagrams may be lost, and how many were is in the rounds. */
const NO_FAILURE = ['lost']

/** Starts a fresh server, loads it, and stops it. Never rejects: a failure is part of the result. */
export function runTrial(
  place: { round: number; order: number },
  workload: Workload,
  peer: ComparisonPeer,
  environment: Environment,
  times: Pick<Method, 'durationSeconds' | 'warmupSeconds'>,
): Promise<FileTrial> {
  return onFreshServer(place, workload, peer, environment, async (trial, server, protocol) => {
    await measure(trial, workload, protocol, server, environment, times)
    if (protocol !== 'udp') await server.expectConnectionsClosed()
  })
}

/** A trial of what `use` measures at a fresh server, which holds all keys where the workload asks for them. Never rejects. */
export async function onFreshServer(
  place: Pick<FileTrial, 'round' | 'order' | 'tool'>,
  workload: Workload,
  peer: ComparisonPeer,
  environment: Environment,
  use: (trial: FileTrial, server: Server, protocol: Protocol) => Promise<void>,
): Promise<FileTrial> {
  const trial: FileTrial = {
    workload: workload.name,
    peer: peer.name,
    ...place,
    startedAt: new Date().toISOString(),
    loadBound: false,
    disturbed: false,
  }
  let server: Server | undefined
  try {
    const protocol = protocolFor(workload, peer) as Protocol
    server = await startServer(peer, protocol, workload, environment)
    if (workload.filled) await fillStore(protocol, server.target, workload.size)
    await use(trial, server, protocol)
  } catch (error) {
    trial.error = error instanceof Error ? error.message : String(error)
    delete trial.value
  }
  await server?.stop()
  return trial
}

async function startServer(
  peer: ComparisonPeer,
  protocol: Protocol,
  { size }: Pick<Workload, 'size'>,
  { cores }: Pick<Environment, 'cores'>,
): Promise<Server> {
  const more = protocol === 'fanout' ? ['--size', String(size)] : []
  if (protocol !== 'unix') return Server.start(serving(peer, protocol), cores.server, more)
  const path = join(tmpdir(), `pollux-bench-${process.pid}.sock`)
  rmSync(path, { force: true })
  return Server.start(serving(peer, protocol), cores.server, more, [], ['--unix', path])
}

async function measure(
  trial: FileTrial,
  workload: Workload,
  protocol: Protocol,
  server: Server,
  environment: Environment,
  times: Pick<Method, 'durationSeconds' | 'warmupSeconds'>,
): Promise<void> {
  const { cores } = environment
  const startBytes = residentBytes(server.pid, 'VmRSS')
  const before = takeEdge(server.pid, environment)
  const generator = await runGenerator(generatorFlags(workload, protocol, server, times), cores)
  const { result } = generator
  const after = takeEdge(server.pid, environment)
  trial.result = result
  trial.memory = { startBytes, peakBytes: residentBytes(server.pid, 'VmHWM') }
  trial.loadBound = result.verdict.generatorBound
  const seconds = after.seconds - before.seconds
  const known = after.serverSeconds - before.serverSeconds + (after.ownSeconds - before.ownSeconds)
  const others = after.busySeconds - before.busySeconds - known - generator.cpuSeconds
  trial.disturbed = others / (2 * seconds) > DISTURBED_SHARE
  Object.assign(trial, figures(result, workload))
}

/** The figures of the tables. Throws where something went wrong, or nothing was measured. */
export function figures(
  result: KeptResult,
  { family }: Pick<Workload, 'family'>,
): Pick<FileTrial, 'value' | 'cpuUs'> {
  const failed = Object.entries(result.errors).filter(([kind]) => !NO_FAILURE.includes(kind))
  if (failed.length > 0 || result.verdict.wrongAnswers > 0) {
    const counted = failed.map(([kind, count]) => `${kind}: ${count}`)
    throw new Error([...counted, ...result.verdict.notes].join('; '))
  }
  if (family === 'idle') {
    if (result.idle === undefined) throw new Error('pollux-bench did not say what an idle connection takes')
    return { value: result.idle.bytesPerConnection }
  }
  const sum = (of: (round: KeptResult['rounds'][number]) => number | undefined) =>
    result.rounds.reduce((total, round) => total + (of(round) ?? 0), 0)
  const messages = sum((round) => round.messages)
  if (messages === 0) throw new Error('nothing was answered')
  const total = (sum((round) => round.server?.cpuSeconds) / messages) * 1e6
  const user = sum((round) => round.server?.userSeconds)
  const split = user + sum((round) => round.server?.systemSeconds)
  // The kernel gives the split in ticks of 10 ms, so only its proportion is taken from there.
  return {
    value: messages / sum((round) => round.seconds),
    cpuUs: { total, user: split === 0 ? 0 : (total * user) / split },
  }
}

function takeEdge(pid: number, { cores, interruptsApart }: Environment) {
  const { busy, interrupt } = coreTimes(cores)
  const { user, system } = process.cpuUsage()
  return {
    seconds: performance.now() / 1000,
    busySeconds: busy - (interruptsApart ? interrupt : 0),
    serverSeconds: cpuSeconds(pid),
    ownSeconds: (user + system) / 1e6,
  }
}

/** A line of `/proc/PID/status`: resident memory now, or the most that it ever was. */
function residentBytes(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  let status: string
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch (cause) {
    throw new Error('the server has ended', { cause })
  }
  const found = status.match(new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm'))
  return Number(found?.[1] ?? 0) * 1024
}
