// serve(): one reactor for each worker thread, on one port; who dies is replaced.
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { serve } from '@pollux/framework'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, noise, openFds, Peer, patiently, temporaryFolder } from '../support/raw.js'
import { expectEcho, leaveNothingBehind } from '../support/serving.js'
import {
  appOf,
  ask,
  closeGroups,
  connectTo,
  endpointOf,
  expectRejection,
  hang,
  LOCAL,
  peerOf,
  serveTalkative,
} from './support.js'

leaveNothingBehind()
closeGroups()

// What the first worker of a process opens for good is no leak.
beforeAll(async () => {
  const { group } = await serveTalkative({ workers: 1 })
  await group.close()
})

const folder = temporaryFolder()

describe('a group of workers', () => {
  it('spreads connections over the threads', async () => {
    const { group, connect } = await serveTalkative({ workers: 3 })
    const threads = new Set<number>()
    const indexes = new Set<number>()
    await eventuallyAll(3, indexes, async () => {
      const who = await ask(await connect())
      expect(who.count).toBe(3)
      threads.add(who.threadId)
      indexes.add(who.index)
    })
    expect([...indexes].sort()).toEqual([0, 1, 2])
    expect(group.workers.map((worker) => worker?.threadId).sort()).toEqual([...threads].sort())
    expect(group.isReady).toBe(true)
  })

  it('listens on one port, on several targets, and on port 0 twice as two ports', async () => {
    const path = join(folder, 'several.sock')
    const { group } = await serveTalkative({ workers: 2 }, [LOCAL, LOCAL, { path }, { host: '::1', port: 0 }])
    expect(group.addresses).toHaveLength(4)
    const [one, two] = group.addresses
    expect(one).not.toEqual(two)
    for (const address of group.addresses) {
      const peer = await Peer.connect(endpointOf(address))
      await ask(peer)
    }
  })

  it('shares one Unix socket, whose file is gone at the end', async () => {
    const path = join(folder, 'shared.sock')
    const { group, connect } = await serveTalkative({ workers: 2 }, [{ path }])
    const indexes = new Set<number>()
    await eventuallyAll(2, indexes, async () => {
      // Several at once: whoever is first takes one.
      const peers = await Promise.all(Array.from({ length: 20 }, connect))
      for (const peer of peers) indexes.add((await ask(peer)).index)
      for (const peer of peers) peer.socket.destroy()
    })
    expect(existsSync(path)).toBe(true)
    await group.close({ deadlineMs: 0 })
    expect(existsSync(path)).toBe(false)
  })

  it('hands data and environment on', async () => {
    const env = { ...process.env, GREETING: 'hello' }
    const { connect } = await serveTalkative({ workers: 1, env }, [LOCAL], { nested: [1n, new Date(0)] })
    // BigInt is nothing that JSON knows: the fixture would throw.
    const peer = await connect()
    await expectEcho(peer, Buffer.from('ping'))
    const other = await serveTalkative({ workers: 1, env }, [LOCAL], { name: 'x' })
    const who = await ask(await other.connect())
    expect([who.data, who.env]).toEqual([{ targets: [LOCAL], name: 'x' }, 'hello'])
  })
})

describe.each([
  ['exit', /exit code 3/],
  ['throw', /on purpose/],
  ['use up memory', /memory/],
] as const)('a worker that dies of "%s"', (command, message) => {
  it('is replaced in its place, and its siblings go on', async () => {
    const limits = { resourceLimits: { maxOldGenerationSizeMb: 40 }, restart: { minDelayMs: 1 } }
    const { group, ends, ready, awaitEnds, awaitReady } = await serveTalkative({ workers: 2, ...limits })
    const victim = await peerOf(group, 0)
    const sibling = await peerOf(group, 1)
    const before = group.workers[0]?.threadId
    await victim.send(command)
    await victim.awaitClosedOrEnded()
    await expectEcho(sibling, noise(10_000))
    await awaitEnds(1)
    expect(ends[0].worker.index).toBe(0)
    expect(ends[0].error).toMatchObject({
      code: 'ERR_POLLUX_WORKER_EXIT',
      message: expect.stringMatching(message),
    })
    await awaitReady(3)
    expect(ready[2]).toMatchObject({ index: 0, restarts: 1, isReady: true })
    expect(ready[2].threadId).not.toBe(before)
    await expectEcho(await peerOf(group, 0), noise(10_000))
    await expectEcho(sibling, noise(10_000))
    expect([ends.length, group.restarts]).toEqual([1, 1])
  })
})

describe('connections that wait for a worker that died', () => {
  it('are served by the next one', async () => {
    const { group, ready, connect } = await serveTalkative({ workers: 1, restart: { minDelayMs: 1 } })
    const first = await connect()
    const before = (await ask(first)).threadId
    await first.send('exit')
    await first.awaitClosedOrEnded()
    // Nobody accepts now; the kernel completes the handshake all the same.
    const peers = await Promise.all(Array.from({ length: 10 }, () => connectTo(group)))
    for (const peer of peers) await expectEcho(peer, noise(1000))
    expect(ready).toHaveLength(2)
    expect((await ask(peers[0])).threadId).not.toBe(before)
  })
})

describe('a start that fails', () => {
  it.each([
    ['throw', { how: 'throw' }, /no database/],
    ['exit', { how: 'exit' }, /exit code 7/],
    ['never', { how: 'never' }, /startTimeoutMs \(50\)/],
    ['listen', { how: 'listen', target: { host: '127.0.0.1', port: -1 } }, /port/],
  ])('rejects: %s', async (how, data, message) => {
    const startTimeoutMs = how === 'never' ? 50 : undefined
    const error = await expectRejection(serve(appOf('failing'), { workers: 2, data, startTimeoutMs }))
    expect(error.code).toBe('ERR_POLLUX_WORKER_START')
    expect(error.message).toMatch(message)
  })

  it('rejects with EADDRINUSE as its cause, where somebody else has the port', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    try {
      const data = { how: 'listen', target: { host: '127.0.0.1', port } }
      const error = await expectRejection(serve(appOf('failing'), { workers: 2, data }))
      expect(error.cause).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', port })
    } finally {
      other.close()
    }
  })

  it('rejects where the module is missing, or has no function to export', async () => {
    const missing = await expectRejection(serve(appOf('missing'), { workers: 1 }))
    expect(missing.cause).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
    const none = await expectRejection(serve(appOf('no_default'), { workers: 1 }))
    expect(none.message).toMatch(/default export of .*no_default\.mjs/)
  })

  it('of each replacement stops the whole, after so many attempts', async () => {
    const ends: Error[] = []
    let resolve: (error: Error) => void
    const failed = new Promise<Error>((keep) => {
      resolve = keep
    })
    const group = await serve(appOf('failing'), {
      workers: 1,
      data: { how: 'second time', file: join(folder, 'started') },
      restart: { minDelayMs: 1, maxDelayMs: 2, attempts: 3 },
      workerExit: (_worker, error) => ends.push(error),
      failed: (_group, error) => resolve(error),
    })
    const peer = await connectTo(group)
    await peer.send('go')
    const error = await patiently(failed, 'the group to give up')
    expect(error).toMatchObject({ code: 'ERR_POLLUX_WORKER_START' })
    expect(error.message).toMatch(
      /worker 0 could not be replaced, 3 starts in a row have failed.*the file is there/,
    )
    expect(ends).toHaveLength(4)
    await patiently(group.close(), 'the group to close')
  })
})

describe('closing a group', () => {
  it('lets conversations finish, in mid-traffic, and leaves nothing', async () => {
    const before = openFds()
    const { group, connect, ends } = await serveTalkative({ workers: 2 })
    const peers = await Promise.all(Array.from({ length: 8 }, connect))
    for (const peer of peers) await ask(peer)
    const bytes = noise(1_000_000)
    const echoed = peers.map(async (peer) => {
      const sent = peer.send(bytes)
      const start = peer.bytes.length
      await sent
      await peer.end()
      return start
    })
    const closed = group.close({ deadlineMs: 10_000 })
    expect([group.address, group.isReady]).toEqual([undefined, false])
    await Promise.all(echoed)
    for (const peer of peers) await peer.awaitEnd()
    for (const peer of peers) expect(peer.bytes.subarray(-bytes.length).equals(bytes)).toBe(true)
    for (const peer of peers) peer.socket.destroy()
    await patiently(closed, 'the group to close')
    expect(ends).toEqual([])
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
  })

  it('refuses newcomers at once, and destroys those that are left at the deadline', async () => {
    const { group, connect } = await serveTalkative({ workers: 2 })
    const address = group.address as { port: number }
    const peer = await connect()
    await ask(peer)
    const closed = group.close({ deadlineMs: 100 })
    await peer.awaitClosedOrEnded()
    await patiently(closed, 'the group to close')
    await expect(Peer.connect({ host: '127.0.0.1', port: address.port })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })

  it('brings the deadline forward, when it is called again', async () => {
    const { group, connect } = await serveTalkative({ workers: 2 })
    await ask(await connect())
    const closed = group.close({ deadlineMs: Number.POSITIVE_INFINITY })
    expect(group.close({ deadlineMs: 0 })).toBe(closed)
    await patiently(closed, 'the group to close')
  })

  it('terminates a worker that hangs, and says so', async () => {
    const { group, ends } = await serveTalkative({ workers: 2 })
    await hang(await peerOf(group, 1))
    await patiently(group.close({ deadlineMs: 0 }), 'the group to close')
    expect(ends.map(({ worker, error }) => [worker.index, error.message])).toEqual([
      [1, expect.stringMatching(/did not end within 1000 ms/)],
    ])
  })

  it('while a worker waits to be replaced, or is starting, ends that too', async () => {
    const { group, awaitEnds } = await serveTalkative({
      workers: 1,
      restart: { minDelayMs: 100_000, maxDelayMs: 100_000 },
    })
    await (await connectTo(group)).send('exit')
    await awaitEnds(1)
    expect(group.workers).toEqual([undefined])
    await patiently(group.close(), 'the group to close')
    const other = await serveTalkative({ workers: 1, restart: { minDelayMs: 0 } })
    await (await connectTo(other.group)).send('exit')
    await other.awaitEnds(1)
    await eventually('the next one to start', () => other.group.workers[0] !== undefined)
    await patiently(other.group.close(), 'the other group to close')
    expect(other.ends).toHaveLength(1)
  })
})

/** Until `found` has so many. The kernel spreads as it likes: this only bounds a hang. */
async function eventuallyAll(count: number, found: Set<unknown>, more: () => Promise<void>) {
  for (let i = 0; found.size < count; ++i) {
    if (i === 500) throw new Error(`only ${found.size} of ${count} were found`)
    await more()
  }
}
