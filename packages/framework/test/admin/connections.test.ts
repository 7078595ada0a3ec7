// What /connections and /stats tell, held against the kernel and the peers.
import type { Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { Births } from '../../src/admin/births.js'
import { Heaviest } from '../../src/admin/heaviest.js'
import { quantile } from '../../src/admin/quantiles.js'
import { BACKENDS, eventually, KNOWS_LINUX, Peer, temporaryFolder } from '../support/raw.js'
import { connectMany, echo, leaveNothingBehind, loopOn, serve, serverOf } from '../support/serving.js'
import { adminOf, closeAdmins, get, getJson } from './support.js'

leaveNothingBehind()
closeAdmins()

const folder = temporaryFolder()
const apart = () => ({ loop: loopOn(BACKENDS[0]) })

describe('/connections', () => {
  it('knows the address, the bytes, the state and the queue of a peer', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    const peer = await service.connect()
    await peer.send('hello')
    await peer.expectBytes('hello')
    const { total, connections } = await getJson(admin, '/connections')
    expect(total).toBe(1)
    expect(connections).toMatchObject([
      {
        server: 'echo',
        address: `tcp://127.0.0.1:${peer.socket.localPort}`,
        state: 'open',
        paused: false,
        receivedBytes: 5,
        sentBytes: 5,
        queuedBytes: 0,
      },
    ])
  })

  it('has TCP_INFO of TCP connections', needs(KNOWS_LINUX, 'a build with the calls of Linux'), async () => {
    const service = await serve({ ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    const peer = await service.connect()
    await peer.send('hello')
    await peer.expectBytes('hello')
    const [{ tcp }] = (await getJson(admin, '/connections')).connections
    expect(tcp).toMatchObject({ state: 'ESTABLISHED', receivedBytes: 5 })
    expect(tcp.rttUs).toBeGreaterThan(0)
  })

  it('does without it for Unix sockets', async () => {
    const server = serverOf({ ...apart(), ...echo })
    const path = `${folder}/x.sock`
    await server.listen({ path })
    const admin = await adminOf({ servers: [server] })
    await Peer.connect({ path })
    await eventually('the connection', () => server.connections === 1)
    const [row] = (await getJson(admin, '/connections')).connections
    expect(row).toMatchObject({ tcp: null, address: 'unix://', state: 'open' })
  })

  it('shows a queue and a paused connection', async () => {
    const service = await serve({
      ...apart(),
      open: (conn) => {
        conn.write(Buffer.alloc(16 * 1024 * 1024))
        conn.pause()
      },
      data() {},
    })
    const admin = await adminOf({ servers: [service.server] })
    const peer = await service.connect()
    peer.socket.pause()
    await eventually('a queue', () => service.server.statistics.queuedBytes > 1024)
    const [row] = (await getJson(admin, '/connections')).connections
    expect(row.paused).toBe(true)
    expect(row.queuedBytes).toBeGreaterThan(1024)
  })

  it('sorts by bytes and by age, in pages, over several servers or one', async () => {
    const conns: Connection[] = []
    const open = (conn: Connection) => conns.push(conn)
    const first = await serve({ name: 'first', ...apart(), ...echo, open })
    const second = await serve({ name: 'second', ...apart(), ...echo, open })
    const admin = await adminOf({ servers: [first.server, second.server] })
    const peers = [...(await connectMany(first, conns, 3)), ...(await connectMany(second, conns, 2))]
    for (const [i, peer] of peers.entries()) {
      await peer.send('x'.repeat(i + 1))
      await peer.awaitBytes(i + 1)
    }
    const ids = async (query: string) =>
      (await getJson(admin, `/connections?${query}`)).connections.map(({ id }: { id: number }) => id)
    const byAge = conns.map(({ id }) => id)
    expect(await ids('sort=age')).toEqual(byAge)
    expect(await ids('sort=bytes')).toEqual([...byAge].reverse())
    expect(await ids('sort=age&limit=2')).toEqual(byAge.slice(0, 2))
    expect(await ids('sort=age&limit=2&offset=2')).toEqual(byAge.slice(2, 4))
    expect(await ids('sort=age&limit=2&offset=4')).toEqual(byAge.slice(4))
    expect(await ids('sort=age&offset=5')).toEqual([])
    expect(await ids('limit=0')).toEqual([])
    expect(await ids('sort=age&server=second')).toEqual(byAge.slice(3))
    expect(await getJson(admin, '/connections?server=nobody')).toMatchObject({ total: 0, connections: [] })
    expect(await getJson(admin, '/connections?limit=1')).toMatchObject({ total: 5, limit: 1, offset: 0 })
  })

  it.each(['limit=1001', 'limit=-1', 'limit=x', 'limit=1.5', 'limit=', 'offset=10001', 'sort=name', 'sort='])(
    'answers %s with 400 and says what is allowed',
    async (query) => {
      const admin = await adminOf({ servers: [] })
      const { status, body } = await get(admin, `/connections?${query}`)
      expect(status).toBe(400)
      expect(body).toMatch(/^(limit|offset|sort) must be /)
    },
  )

  it('knows how old a connection is once a sample was taken', async () => {
    const service = await serve({ ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    await service.connect()
    let ageMs: number | null = null
    await (async () => {
      while (ageMs === null) {
        ;[{ ageMs }] = (await getJson(admin, '/connections')).connections
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    expect(ageMs).toBeGreaterThanOrEqual(0)
  })
})

describe('/stats', () => {
  it('has one sample a second, with what happened in it, and only those that are asked for', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    const peer = await service.connect()
    await peer.send('x'.repeat(1000))
    await peer.awaitBytes(1000)
    type Seen = { number: number; servers: { echo: Record<string, number> }; process: { turnP99: number } }
    const history = async (): Promise<Seen[]> => (await getJson(admin, '/stats')).history
    const busy = ({ servers }: Seen) => servers.echo.receivedBytes > 0
    let samples = await history()
    while (!busy(samples.at(-2) ?? ({ servers: { echo: {} } } as Seen))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      samples = await history()
    }
    const [sample, next] = samples.slice(-2)
    expect(next.number).toBe(sample.number + 1)
    expect(sample.servers.echo.connections).toBe(1)
    // Divided by the time that the sample took: a second, or more.
    expect(sample.servers.echo.receivedBytes).toBeLessThanOrEqual(1010)
    expect(sample.process.turnP99).toBeGreaterThan(0)
    expect((await getJson(admin, `/stats?since=${sample.number}`)).history[0].number).toBe(next.number)
    const stats = await getJson(admin, '/stats')
    expect(stats.servers).toMatchObject([{ name: 'echo', ready: true, connections: 1 }])
    expect(stats.ready).toBe(true)
  })
})

describe('the age of connections', () => {
  it('is that of the first note that knew of them', () => {
    const births = new Births(100)
    births.note(3, 200)
    births.note(3, 300)
    births.note(10, 400)
    expect([1, 3, 4, 10, 11].map((id) => births.timeOf(id))).toEqual([200, 200, 400, 400, undefined])
  })

  it('takes bounded memory, and stays right to within the notes that are left', () => {
    const births = new Births(0)
    const COUNT = 100_000
    for (let id = 1; id <= COUNT; id++) births.note(id, id)
    const { ids } = births as unknown as { ids: number[] }
    expect(ids.length).toBeLessThanOrEqual(4097)
    expect(births.timeOf(COUNT)).toBe(COUNT)
    for (const id of [1, 5000, 70_000, 99_000]) {
      const time = births.timeOf(id) as number
      expect(time).toBeGreaterThanOrEqual(id)
      expect(time).toBeLessThan(COUNT)
    }
  })
})

describe('the heaviest of many', () => {
  it('are those that sorting finds, in the same order', () => {
    for (const size of [0, 1, 2, 7, 100, 200]) {
      const weights = Array.from({ length: 100 }, (_, i) => (i * 7919) % 31)
      const heaviest = new Heaviest<number>(size)
      for (const [i, weight] of weights.entries()) heaviest.offer(i, weight)
      const sorted = weights.map((weight, i) => ({ weight, i })).sort((a, b) => b.weight - a.weight)
      expect(heaviest.sorted()).toEqual(sorted.slice(0, size).map(({ i }) => i))
    }
  })
})

describe('quantiles', () => {
  it('are interpolated in their bucket, and the last bound past it', () => {
    const bounds = [10, 20, 40]
    const of = (counts: number[], part: number) => {
      const seconds = quantile({ bounds, counts, sum: 0 }, part)
      return seconds === null ? null : Math.round(seconds * 1e6 * 100) / 100
    }
    expect(of([10, 0, 0, 0], 0.5)).toBe(5)
    expect(of([0, 10, 0, 0], 0.5)).toBe(15)
    expect(of([50, 50, 0, 0], 0.99)).toBe(19.8)
    expect(of([0, 0, 0, 5], 0.5)).toBe(40)
    expect(of([0, 0, 0, 0], 0.5)).toBe(null)
    expect(quantile(undefined, 0.5)).toBe(null)
  })
})
