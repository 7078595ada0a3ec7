// Groups of workers of a test: closed when it ends, and peers that ask them who they are.
import { once } from 'node:events'
import {
  type ServeOptions,
  type SocketAddress,
  serve,
  type WorkerGroup,
  type WorkerInfo,
} from '@pollux/framework'
import { afterEach, expect } from 'vitest'
import { Peer, patiently } from '../support/raw.js'
import { promised } from '../support/serving.js'

export const appOf = (name: string) => new URL(`fixtures/${name}.mjs`, import.meta.url)
export const LOCAL = { host: '127.0.0.1', port: 0 }

const groups = new Set<WorkerGroup>()

export function closeGroups() {
  afterEach(async () => {
    await patiently(
      Promise.all([...groups].map((group) => group.close({ deadlineMs: 0 }))),
      'groups to close',
    )
    groups.clear()
  })
}

/** What the workers say of themselves. */
export interface Who {
  threadId: number
  index: number
  count: number
  data: unknown
  env?: string
}

/** A group of the talkative app, on a port of this machine unless told otherwise, with what it reports. */
export async function serveTalkative(options: ServeOptions = {}, targets: object[] = [LOCAL], data = {}) {
  const ends: { worker: WorkerInfo; error: Error }[] = []
  const ready: WorkerInfo[] = []
  const waiting = new Set<() => void>()
  const look = () => {
    for (const each of waiting) each()
  }
  const group = await patiently(
    serve(appOf('talkative'), {
      data: { targets, ...data },
      workerExit(worker, error) {
        ends.push({ worker, error })
        look()
      },
      workerReady(worker) {
        ready.push(worker)
        look()
      },
      ...options,
    }),
    'the group to be ready',
  )
  groups.add(group)
  const until = async (what: string, isSo: () => boolean) => {
    const { promise, resolve } = promised()
    const check = () => isSo() && resolve()
    waiting.add(check)
    check()
    await patiently(promise, what)
    waiting.delete(check)
  }
  return {
    group,
    ends,
    ready,
    awaitEnds: (count: number) => until(`${count} ends of workers`, () => ends.length >= count),
    awaitReady: (count: number) => until(`${count} workers to be ready`, () => ready.length >= count),
    connect: () => connectTo(group),
  }
}

export function connectTo(group: WorkerGroup): Promise<Peer> {
  const { address } = group
  if (address === undefined) throw new Error('the group does not listen')
  return Peer.connect(endpointOf(address))
}

/** An address as node:net takes it. */
export function endpointOf(address: SocketAddress): { path: string } | { host: string; port: number } {
  return 'path' in address ? { path: address.path } : { host: address.host, port: address.port }
}

export async function ask(peer: Peer): Promise<Who> {
  const answered = once(peer.socket, 'data')
  await peer.send('who')
  const [chunk] = await patiently(answered, 'an answer')
  return JSON.parse(String(chunk))
}

/** Has its worker hang, and knows that it does. */
export async function hang(peer: Peer) {
  const before = peer.bytes.length
  await peer.send('hang')
  await peer.awaitBytes(before + 'hangs'.length)
}

/** A peer of the worker in that place: the kernel decides, so it takes some. */
export async function peerOf(group: WorkerGroup, index: number): Promise<Peer> {
  for (;;) {
    const peer = await connectTo(group)
    if ((await ask(peer)).index === index) return peer
    peer.socket.destroy()
  }
}

export const codeOf = (error: unknown) => (error as { code?: string }).code

export async function expectRejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const result = await patiently(
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
    'a rejection',
  )
  expect(result).toBeInstanceOf(Error)
  return result as Error & { code?: string }
}
