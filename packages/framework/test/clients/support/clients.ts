// Clients and pools of a test: closed when it ends.
import {
  type Client,
  type ClientInit,
  type ConnectTarget,
  createClient,
  createPool,
  type Pool,
  type PoolInit,
  type PoolOptions,
} from '@pollux/framework'
import { afterEach } from 'vitest'
import { BACKENDS, listeningPeer } from '../../support/raw.js'
import { loopOn, leaveNothingBehind as nothingOfServers } from '../../support/serving.js'

const open = new Set<{ close(options: { deadlineMs: number }): Promise<void> }>()

/** As for servers, and closes the clients and pools of each test. */
export function leaveNothingBehind() {
  nothingOfServers()
  afterEach(async () => {
    await Promise.all([...open].map((each) => each.close({ deadlineMs: 0 })))
    open.clear()
  })
}

/** Fast to come back, so that no test waits for it. */
export const FAST = { minDelayMs: 1, maxDelayMs: 4 }

/** A client on a loop of its own. */
export function clientOf<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: ClientInit<State, In, Out>,
): Client<State, In, Out> {
  const client = createClient(target, { loop: loopOn(BACKENDS[0]), ...FAST, ...init })
  open.add(client)
  return client
}

/** A pool on a loop of its own. */
export function poolOf<State = unknown, In = Buffer, Out = string | Uint8Array>(
  target: ConnectTarget,
  init: PoolInit<State, In, Out>,
  options: PoolOptions = {},
): Pool<State, In, Out> {
  const pool = createPool(target, { loop: loopOn(BACKENDS[0]), ...init }, options)
  open.add(pool)
  return pool
}

const HOST = '127.0.0.1'

/** A listening node:net server, and where it is. */
export async function here(port = 0) {
  const peer = await listeningPeer({ host: HOST, port })
  return { ...peer, target: { host: HOST, port: peer.port } }
}

/** A port where nobody listens. */
export async function nowhere() {
  const { server, target } = await here()
  await new Promise((resolve) => server.close(resolve))
  return target
}

/** The reason of a rejection. */
export async function reasonOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => {
      throw new Error('it was not rejected')
    },
    (reason) => reason,
  )
}

export function thrownBy(act: () => unknown): Error & { code?: string } {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
