// A server stops in order: no new connections, time for the old ones, and a deadline.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendName, Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, noise, Peer, patiently, temporaryFolder } from './support/raw.js'
import { connectMany, echo, expectEcho, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()

async function serving(backend: BackendName, count: number) {
  const conns: Connection[] = []
  const closes: Connection[] = []
  const service = await serve({
    ...echo,
    loop: loopOn(backend),
    open: (conn) => conns.push(conn),
    close: (conn) => closes.push(conn),
  })
  return {
    ...service,
    service,
    server: service.server,
    peers: await connectMany(service, conns, count),
    conns,
    closes,
  }
}

describe.each(BACKENDS)('close on %s', (backend) => {
  it('takes no more connections, and waits for those that are open', async () => {
    const { server, peers, service } = await serving(backend, 3)
    const { port } = service
    let isClosed = false
    const closing = server.close().then(() => {
      isClosed = true
    })
    await eventually('the listener to be gone', () => server.address === undefined)
    await expect(Peer.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    for (const peer of peers) {
      expect(isClosed).toBe(false)
      await expectEcho(peer, noise(100_000))
      await peer.end()
    }
    await patiently(closing, 'the server to close')
    expect([server.connections, server.address, server.addresses]).toEqual([0, undefined, []])
  })

  it('destroys those that are left at the deadline, not before', async () => {
    const { server, peers, closes } = await serving(backend, 3)
    const started = performance.now()
    await patiently(server.close({ deadlineMs: 50 }), 'the server to close')
    expect(performance.now() - started).toBeGreaterThanOrEqual(49)
    expect(closes.length).toBe(3)
    for (const peer of peers) await peer.awaitClosedOrEnded()
  })

  it('at once destroys all at once, and only its own', async () => {
    const { server, closes, conns } = await serving(backend, 3)
    const other = await serve({ ...echo, loop: server.loop })
    const bystander = await other.connect()
    await expectEcho(bystander, noise(10))
    await patiently(server.close({ deadlineMs: 0 }), 'the server to close')
    expect(closes.length).toBe(3)
    expect(conns.map(({ readyState }) => readyState)).toEqual(['closed', 'closed', 'closed'])
    await expectEcho(bystander, noise(1000))
  })

  it('may be called again, which can only bring the deadline forward', async () => {
    const { server, closes } = await serving(backend, 2)
    const first = server.close({ deadlineMs: Number.POSITIVE_INFINITY })
    const second = server.close({ deadlineMs: 20 })
    server.close({ deadlineMs: 60_000 })
    await patiently(Promise.all([first, second]), 'the server to close')
    expect(closes.length).toBe(2)
    await server.close()
  })

  it('of a server that never listened is done at once', async () => {
    const { server } = await serving(backend, 0)
    await server.close()
    await server.close({ deadlineMs: 0 })
  })

  it('lets output that is queued arrive', async () => {
    const { server, peers, conns } = await serving(backend, 1)
    const bytes = noise(5_000_000)
    conns[0].end(bytes)
    const closing = server.close()
    await peers[0].awaitEnd()
    await peers[0].expectBytes(bytes)
    await peers[0].end()
    await patiently(closing, 'the server to close')
  })

  it('unlinks the file of a Unix socket', async () => {
    const path = join(folder, `unlinked-${backend}`)
    const service = await serve({ ...echo, loop: loopOn(backend) }, { path })
    expect(existsSync(path)).toBe(true)
    await service.server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('happens at the end of an `await using` block', async () => {
    const { server } = await serving(backend, 0)
    await server[Symbol.asyncDispose]()
    await expect(server.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_POLLUX_SERVER_CLOSED' })
  })

  it.each([-1, Number.NaN, '5', {}])('refuses a deadline of %s', async (deadlineMs) => {
    const { server } = await serving(backend, 0)
    expect(() => server.close({ deadlineMs: deadlineMs as number })).toThrow(/deadlineMs/)
  })

  it('is told of connections that close meanwhile by themselves', async () => {
    const { server, peers } = await serving(backend, 5)
    const closing = server.close()
    await Promise.all(peers.map((peer, i) => (i % 2 ? peer.reset() : peer.end())))
    await patiently(closing, 'the server to close')
    await eventually('no sockets', () => server.loop.counter('openSockets') === 0)
  })
})
