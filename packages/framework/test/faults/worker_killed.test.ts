// Workers that are killed under load, again and again: what their siblings serve goes on without a gap in it.
import { connect, type Socket } from 'node:net'
import { serve, type WorkerGroup } from '@pollux/framework'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { eventually, Peer, patiently } from '../support/raw.js'
import { leaveNothingBehind, portOf } from '../support/serving.js'
import { record } from './figures.js'

leaveNothingBehind()

const APP = new URL('fixtures/app.mjs', import.meta.url)
const CLIENTS = 24
const KILLS = 5

/** Then a client comes anew, so that the kernel spreads them again. */
const MESSAGES = 50
const VICTIM = 0

/** Told apart from the commands by its length. */
const MESSAGE = 'a message to be echoed'

// What the first worker of a process opens for good is no leak.
beforeAll(async () => {
  await (await serve(APP, { workers: 1 })).close()
})

describe.each(['exit', 'throw'])('a worker that dies of "%s" under load', (command) => {
  it(`${KILLS} times, and nobody else notices`, async () => {
    const ends: number[] = []
    const group = await serve(APP, {
      workers: 2,
      restart: { minDelayMs: 1, maxDelayMs: 2 },
      workerExit: ({ index }) => ends.push(index),
    })
    onTestFinished(() => group.close({ deadlineMs: 0 }))
    const load = new Load(group)
    for (let kill = 1; kill <= KILLS; ++kill) {
      await eventually('clients of both workers', () => load.of(VICTIM) > 0 && load.of(1) > 0)
      await (await peerOf(group, VICTIM)).send(command)
      await eventually('the worker to be replaced', () => ends.length === kill && group.isReady)
    }
    await patiently(load.stop(), 'the clients to stop')
    await group.close()
    expect(ends).toEqual(Array(KILLS).fill(VICTIM))
    expect(load.lostBy.get(1) ?? 0).toBe(0)
    expect(load.refused).toBe(0)
    record(`a worker that dies of "${command}" ${KILLS} times under load`, {
      'messages of its sibling': load.servedBy.get(1) ?? 0,
      'its own messages': load.servedBy.get(VICTIM) ?? 0,
      'connections lost with it': load.lostBy.get(VICTIM) ?? 0,
      'connections lost before they were taken': load.lostBefore,
      'connections of its sibling lost': load.lostBy.get(1) ?? 0,
    })
  })
})

/** A peer of that worker: the kernel decides, so it takes some. */
async function peerOf(group: WorkerGroup, index: number): Promise<Peer> {
  for (;;) {
    const peer = await Peer.connect({ host: '127.0.0.1', port: portOf(group) })
    await peer.send('who')
    if (Number(await peer.awaitBytes(1)) === index) return peer
    peer.socket.destroy()
  }
}

/** Clients that talk without a pause, and come back when they lose their connection. */
class Load {
  readonly servedBy = new Map<number, number>()
  readonly lostBy = new Map<number, number>()
  lostBefore = 0
  refused = 0
  private stopped = false
  private readonly sockets = new Map<Socket, number>()
  private readonly clients: Promise<void>[]

  constructor(private readonly group: WorkerGroup) {
    this.clients = Array.from({ length: CLIENTS }, () => this.client())
  }

  /** How many are connected to that worker. */
  of(index: number): number {
    return [...this.sockets.values()].filter((each) => each === index).length
  }

  async stop() {
    this.stopped = true
    await Promise.all(this.clients)
  }

  private async client() {
    while (!this.stopped) await this.converse()
  }

  private converse(): Promise<void> {
    const socket = connect(portOf(this.group), '127.0.0.1')
    let index: number | undefined
    let left = MESSAGES
    return new Promise((resolve) => {
      socket.on('connect', () => socket.write('who'))
      socket.on('data', (chunk) => {
        if (index === undefined) {
          index = Number(chunk)
          this.sockets.set(socket, index)
        } else {
          expect(chunk.toString()).toBe(MESSAGE)
          increment(this.servedBy, index)
        }
        if (this.stopped || --left === 0) socket.end()
        else socket.write(MESSAGE)
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') this.refused++
      })
      socket.on('close', () => {
        this.sockets.delete(socket)
        if (index === undefined) this.lostBefore++
        else if (left > 0 && !this.stopped) increment(this.lostBy, index)
        resolve()
      })
    })
  }
}

function increment(counts: Map<number, number>, key: number) {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
