import type { Environment } from './environment.js'
import { holdIdle, type LoadResult, type LoadTimes, runLoad } from './load.js'
import { type Memory, settledMemory } from './memory.js'
import type { Peer } from './peers/peer.js'
import { Server } from './server.js'
import { type Shape, shapeFor } from './shapes.js'

/** One peer under one shape, once. Goes into the raw results as it is. */
export interface Trial {
  round: number
  shape: string
  peer: string
  startedAt: string
  /** What stands in the table, in the shape's unit. Missing when the trial failed. */
  value?: number
  load?: LoadResult
  idle?: { connections: number; before: Memory; after: Memory }
  /** The load generator was the bottleneck, so the server may be faster than this. */
  loadBound: boolean
  /** Other processes took more than 5% of the two cores. */
  disturbed: boolean
  /** A wrong byte, a failed connection, a server that died. */
  error?: string
}

// Connections that come and go before memory is first read: what a server allocates once, at its first connections
// (compiled code, pools), is not memory per connection.
const WARM_UP_CONNECTIONS = 500

const LOAD_BUSY = 0.95
const SERVER_IDLE = 0.9
const QUEUE_SHARE = 2 / 3
const DISTURBED_SHARE = 0.05

/** Starts a fresh server, measures, and stops it. Never rejects: a failure is part of the result. */
export async function runTrial(
  round: number,
  shape: Shape,
  peer: Peer,
  environment: Environment,
  times: LoadTimes,
): Promise<Trial> {
  const trial: Trial = {
    round,
    shape: shape.name,
    peer: peer.name,
    startedAt: new Date().toISOString(),
    loadBound: false,
    disturbed: false,
  }
  let server: Server | undefined
  try {
    const segments = shape.segments === undefined ? [] : (peer.segments ?? [])
    const { flags = [], before = [] } = (peer.isChanged && shape.changed) || shape
    server = await Server.start(peer, environment.cores.server, [...segments, ...flags], before)
    if (shape.mode === 'idle') {
      await measureIdle(trial, shape, server, environment)
    } else {
      const load = await (shape.load ?? runLoad)(shapeFor(shape, peer), server, environment.cores, times)
      trial.load = load
      trial.value = load.messages / load.seconds
      trial.loadBound = isLoadBound(load, shape)
      trial.disturbed = othersShare(load, environment) > DISTURBED_SHARE
      await server.expectConnectionsClosed()
    }
  } catch (error) {
    delete trial.value
    trial.error = error instanceof Error ? error.message : String(error)
  }
  await server?.stop()
  return trial
}

/**
 * Memory with all connections open less memory before, by their number. Each connection has been answered once, so
 * the server has built whatever it needs to serve it. What a runtime's collector has not collected yet is counted:
 * it is resident, and it is there because of the connections.
 */
async function measureIdle(
  trial: Trial,
  shape: Shape,
  server: Server,
  environment: Environment,
): Promise<void> {
  const warmUp = await holdIdle(
    { ...shape, connections: WARM_UP_CONNECTIONS },
    server.target,
    environment.cores,
  )
  await warmUp.release()
  await server.expectConnectionsClosed()
  const before = await settledMemory(server.pid)

  // The limit holds for the generator's process and for the server's.
  const connections = Math.min(shape.connections, environment.maxFiles - 200)
  const idle = await holdIdle({ ...shape, connections }, server.target, environment.cores)
  const after = await settledMemory(server.pid)
  await idle.release()
  await server.expectConnectionsClosed()
  trial.idle = { connections, before, after }
  trial.value = (after.user - before.user) / connections
}

/**
 * Whether the generator, not the server, set the pace. It did when it had no time left and the server had; and, where
 * both say they were busy (a server that waits for work wakes up often, and that costs CPU too), when most answers
 * stood in the queue in front of the generator. One connection alone has no queue: there nobody sets the pace.
 */
export function isLoadBound(load: LoadResult, shape: Shape): boolean {
  if (load.loadBusy < LOAD_BUSY) return false
  if (load.server.busy < SERVER_IDLE) return true
  return shape.connections > 1 && load.loadQueueShare > QUEUE_SHARE
}

/** The share of the two cores' time that neither the server nor the generator used. */
export function othersShare(load: LoadResult, environment: Pick<Environment, 'interruptsApart'>): number {
  const busy = load.cores.busySeconds - (environment.interruptsApart ? load.cores.interruptSeconds : 0)
  return (busy - load.server.cpuSeconds - load.loadCpuSeconds) / (2 * load.seconds)
}
