// One more than a wait reports, a sendmsg takes, a round accepts, and an fd_set holds.
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { checkFds } from './support/leaks.js'
import { needs } from './support/needs.js'
import { noise, Peer } from './support/peer.js'
import { constants, errno, RawReactor } from './support/raw_reactor.js'
import {
  BACKENDS,
  connectedPair,
  connectTcp,
  errorOf,
  listenUnix,
  ok,
  readyTogether,
  serveTcp,
} from './support/server.js'

checkFds()

const folder = temporaryFolder()
/** Events that the reactor asks for in one wait. */
const WAIT_BATCH = 1024

describe.each(BACKENDS)('past the cap on %s', (backend) => {
  // An fd_set does not hold both ends of so many.
  it(
    'of the events of one wait, every ready socket is served',
    needs(backend !== 'select', 'a backend that waits for more descriptors than FD_SETSIZE'),
    async () => {
      const reactor = new RawReactor(backend, { rows: 4096 })
      const path = join(folder, `wait-${backend}`)
      const listener = listenUnix(reactor, path)
      const pairs: { client: number; server: number }[] = []
      while (pairs.length <= WAIT_BATCH) {
        pairs.push(await connectedPair(reactor, listener, path, pairs.length + 1))
      }
      const servers = pairs.map(({ server }) => server)
      await readyTogether(reactor, servers, async () => {
        for (const { client } of pairs) expect(reactor.native.write(client, Buffer.from(`${client}`))).toBe(0)
      })
      await reactor.until('every socket to have its bytes', () => {
        const got = new Set(reactor.log.filter(({ name }) => name.startsWith('DATA')).map((e) => e.socket))
        return servers.every((socket) => got.has(socket))
      })
      for (const { client, server } of pairs.slice(-5)) {
        expect(String(reactor.bytesOf(server))).toBe(`${client}`)
      }
    },
  )

  it('of the vectors of one sendmsg, the rest follows in a second', async () => {
    const count = (constants.IOV_MAX ?? 16) + 1
    const server = serveTcp(backend, { sizes: { submissionRecords: count } })
    const { peer, socket } = await server.connect()
    const bytes = noise(count * 3)
    for (let i = 0; i < count; ++i) server.reactor.write(socket, bytes.subarray(i * 3, i * 3 + 3))
    await peer.expectBytes(bytes)
    expect(server.reactor.counter('sends')).toBe(2)
  })

  it('of the vectors of one sendmsg, to a peer that does not read, nothing is out of order', async () => {
    const count = (constants.IOV_MAX ?? 16) * 2 + 1
    const server = serveTcp(backend, { sizes: { submissionRecords: count, sendBytes: count * 10_000 } })
    const { peer, socket } = await server.connect()
    peer.socket.pause()
    const bytes = noise(count * 10_000)
    for (let i = 0; i < count; ++i) server.reactor.write(socket, bytes.subarray(i * 10_000, (i + 1) * 10_000))
    server.reactor.native.submit()
    expect(server.reactor.column(socket, 'QUEUED')).toBeGreaterThan(0)
    peer.socket.resume()
    await peer.expectBytes(bytes)
  })

  it('of the accepts of one round, the others follow', async () => {
    const server = serveTcp(backend, { sizes: { acceptBudget: 2 } })
    const { reactor, listener, host, port } = server
    await readyTogether(reactor, [listener], async () => {
      for (let i = 0; i < 7; ++i) await Peer.connect({ host, port })
    })
    await reactor.awaitAccept(listener, 7)
    const perDispatch = new Map<number, number>()
    for (const { dispatch } of reactor.eventsOf(listener, 'ACCEPT')) {
      perDispatch.set(dispatch, (perDispatch.get(dispatch) ?? 0) + 1)
    }
    expect([...perDispatch.values()]).toEqual([2, 2, 2, 1])
  })
})

describe(
  'past FD_SETSIZE on select',
  needs(constants.FD_SETSIZE <= 4096, 'an FD_SETSIZE of at most 4096'),
  () => {
    const taken: number[] = []
    afterEach(() => {
      for (const fd of taken.splice(0)) closeSync(fd)
    })

    /** From here on every new descriptor is one that an fd_set cannot hold. */
    function takeSmallFds() {
      do taken.push(openSync('/dev/null', 'r'))
      while (taken[taken.length - 1] < constants.FD_SETSIZE)
    }

    it('a connection is refused, the listener says so, and the others live on', async () => {
      const server = serveTcp('select', { echo: true })
      const { reactor, listener, host, port } = server
      const first = await server.connect()
      takeSmallFds()
      const refused = await Peer.connect({ host, port })
      const paused = await reactor.awaitEvent(listener, 'ACCEPT_PAUSED')
      expect(paused.a).toBe(errno('ERANGE'))
      await refused.awaitClosedOrEnded()
      expect(reactor.counter('acceptsShed')).toBe(1)
      await first.peer.send('unharmed')
      await first.peer.expectBytes('unharmed')

      for (const fd of taken.splice(0)) closeSync(fd)
      await reactor.awaitEvent(listener, 'ACCEPT_RESUMED')
      const { peer } = await server.connect()
      await peer.send('served')
      await peer.expectBytes('served')
    })

    it('listen and open say ERANGE, and a connect ends in it', async () => {
      const server = serveTcp('select')
      const { reactor } = server
      takeSmallFds()
      const { native } = reactor
      const make = () => ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
      expect(errorOf(native.listen(make(), 1, true))).toBe('ERANGE')
      expect(errorOf(native.open(make(), true))).toBe('ERANGE')
      const socket = connectTcp(reactor, server.port)
      expect((await reactor.awaitEvent(socket, 'CONNECT')).a).toBe(errno('ERANGE'))
      reactor.submit('DESTROY', socket)
      await reactor.awaitEvent(socket, 'CLOSED')
      reactor.expectEvents(socket, ['CONNECT', 'CLOSED'])
    })
  },
)
