/** A run of the mode `idle`: what a connection that does nothing costs the server's memory. */
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Options } from './options.js'
import type { Result } from './result.js'
import { settledMemory, writtenBytes } from './settled-memory.js'
import type { Worker } from './worker.js'

/**
 * Connections that come and go before memory is first read: what a server allocates once, at its first connections
 * (compiled code, pools), is not memory per connection.
 */
const WARM_UP_CONNECTIONS = 500
const CLOSE_TIMEOUT_MS = 2000
const LOOK_MS = 10
/** A few more than at the start is no leak: a runtime opens some of its own when it first needs them. */
const FEW_FDS = 8

/** What was found; `idle` is missing where the server did not answer as it should. */
export interface IdleFindings {
  idle?: NonNullable<Result['idle']>
  errors: Map<string, number>
  wrongAnswers: string[]
}

/**
 * @param makeWorkers workers for so many connections
 * @throws SocketError where the server can't be reached
 */
export async function measureIdle(
  options: Options,
  makeWorkers: (connections: number) => Worker[],
): Promise<IdleFindings> {
  const { connections, workers: count } = options
  const pid = options.serverPid as number
  const fds = openFds(pid)
  const few = Math.max(count, Math.min(WARM_UP_CONNECTIONS, connections))
  const warmUp = await holdOpen(makeWorkers(few), async () => undefined)
  if (warmUp.errors.size > 0) return warmUp
  // A server may take a while to notice. One that does not close at all will be seen by what it needs.
  const deadline = performance.now() + CLOSE_TIMEOUT_MS
  while (openFds(pid) > fds + FEW_FDS && performance.now() < deadline) await sleep(LOOK_MS)

  const before = await settledMemory(pid)
  return holdOpen(makeWorkers(connections), async () => {
    const after = await settledMemory(pid)
    const bytesPerConnection = (writtenBytes(after) - writtenBytes(before)) / connections
    return { connections, before, after, bytesPerConnection }
  })
}

/** Opens all connections, does the work, and says what went wrong before, during and after. */
async function holdOpen(workers: Worker[], work: () => Promise<IdleFindings['idle']>): Promise<IdleFindings> {
  const errors = new Map<string, number>()
  const look = async () => {
    for (const worker of workers) {
      for (const [kind, more] of (await worker.sample()).errors)
        errors.set(kind, (errors.get(kind) ?? 0) + more)
    }
  }
  let wrongAnswers: string[] = []
  let idle: IdleFindings['idle']
  try {
    await Promise.all(workers.map((worker) => worker.open()))
    await look()
    if (errors.size === 0) idle = await work()
    // A connection that was not left open while it did nothing makes the figure worthless.
    await look()
  } finally {
    wrongAnswers = (await Promise.all(workers.map((worker) => worker.close()))).flat()
  }
  return errors.size > 0 || idle === undefined ? { errors, wrongAnswers } : { idle, errors, wrongAnswers }
}

function openFds(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
