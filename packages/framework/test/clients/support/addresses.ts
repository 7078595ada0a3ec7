// Names with several addresses, and what connecting to them does.
import { createServer } from 'node:net'
import type { BackendName, EventLoop, SocketError } from '@pollux/framework'
import { expect, vi } from 'vitest'
import { listeningPeer, unanswered } from '../../support/raw.js'

/** Time stands still until the test moves it. */
export const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

export const openSockets = (loop: EventLoop) => loop.counter('openSockets')

/** A lookup that gives these, whatever is asked. */
export const giving =
  (...hosts: string[]) =>
  async () =>
    hosts.map((address) => ({ address }))

/** Each handler's name as it is called. */
export function noting(loop: EventLoop) {
  const called: string[] = []
  const note = (name: string) => () => {
    called.push(name)
  }
  return {
    called,
    init: { loop, open: note('open'), data: note('data'), error: note('error'), close: note('close') },
  }
}

/** A port that the kernel gives nobody by itself, and that is free on all addresses. */
export async function portOfNobody(): Promise<number> {
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer().listen(port, '0.0.0.0')
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true)).once('error', () => resolve(false))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<SocketError> {
  return promise.then(
    () => expect.fail('it connected'),
    (caught: unknown) => caught as SocketError,
  )
}

/** One port: at the first host nobody answers, at the second a node:net server does. */
export async function blackHoleAndServer(backend: BackendName, silent: string, answering: string) {
  const { port } = await unanswered(backend, silent)
  const { awaitPeer } = await listeningPeer({ host: answering, port })
  return { target: { host: 'several.test', port, lookup: giving(silent, answering) }, awaitPeer }
}
