// Sockets that JavaScript uses itself: reported when they are ready, once for each time somebody waits.
import { createSocket } from 'node:dgram'
import { readSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type BackendName, Readiness } from '@pollux/native-poll'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, fixture } from './support/child.js'
import { checkFds } from './support/leaks.js'
import { iteration } from './support/patience.js'
import { listeningPeer, noise, type Peer } from './support/peer.js'
import { constants, RawReactor, type SeenEvent } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok, portOf, readyTogether, serveTcp } from './support/server.js'

const { READABLE, WRITABLE, ERROR, HANGUP, PRIORITY } = Readiness
const SOCK_DGRAM = 2 // on Linux and the BSDs

checkFds()
afterEach(() => {
  endChildren()
  for (const socket of given) socket.destroy()
  given.clear()
})

/** Connections that were given to children. */
const given = new Set<Socket>()

describe.each(BACKENDS)('a watched socket on %s', (backend) => {
  it('is reported once, however long it stays ready, and again to whoever watches again', async () => {
    const { reactor, socket, send } = datagrams(backend)
    ok(reactor.native.watch(socket, READABLE))
    await expectRest(reactor)
    expect(readies(reactor, socket)).toEqual([])
    await send('hello')
    await reactor.awaitEvent(socket, 'READY')
    await expectRest(reactor)
    ok(reactor.native.watch(socket, READABLE))
    await reactor.awaitEvent(socket, 'READY', 2)
    await expectRest(reactor)
    expect(readies(reactor, socket)).toEqual([READABLE, READABLE])
  })

  it('that was read empty is not ready until there is more', async () => {
    const { reactor, socket, send } = datagrams(backend)
    for (const [i, text] of ['one', 'two', 'three'].entries()) {
      ok(reactor.native.watch(socket, READABLE))
      await expectRest(reactor)
      await send(text)
      await reactor.awaitEvent(socket, 'READY', i + 1)
      expect(read(reactor, socket)).toBe(text)
      expect(read(reactor, socket)).toBe('EAGAIN')
    }
    expect(readies(reactor, socket)).toEqual([READABLE, READABLE, READABLE])
  })

  it('is waited for in each direction by itself', async () => {
    const { reactor, socket, send } = datagrams(backend)
    ok(reactor.native.watch(socket, READABLE | WRITABLE))
    await reactor.awaitEvent(socket, 'READY')
    await expectRest(reactor)
    expect(readies(reactor, socket)).toEqual([WRITABLE])
    await send('hello')
    await reactor.awaitEvent(socket, 'READY', 2)
    expect(readies(reactor, socket)).toEqual([WRITABLE, READABLE])
  })

  it('is reported for what it was last watched for', async () => {
    const { reactor, socket, send } = datagrams(backend)
    await send('hello')
    ok(reactor.native.watch(socket, READABLE))
    ok(reactor.native.watch(socket, WRITABLE))
    await reactor.awaitEvent(socket, 'READY')
    await expectRest(reactor)
    ok(reactor.native.watch(socket, READABLE | WRITABLE))
    ok(reactor.native.watch(socket, READABLE))
    await reactor.awaitEvent(socket, 'READY', 2)
    ok(reactor.native.watch(socket, READABLE | WRITABLE))
    ok(reactor.native.watch(socket, 0))
    await expectRest(reactor)
    expect(readies(reactor, socket)).toEqual([WRITABLE, READABLE])
    // What nobody waited for is not lost.
    ok(reactor.native.watch(socket, READABLE))
    await reactor.awaitEvent(socket, 'READY', 3)
  })

  it('can be watched again from inside the dispatch that reports it', async () => {
    const { reactor, socket, send } = datagrams(backend)
    const seen: string[] = []
    reactor.handler = ({ name }) => {
      if (name !== 'READY') return
      seen.push(read(reactor, socket))
      ok(reactor.native.watch(socket, READABLE))
    }
    ok(reactor.native.watch(socket, READABLE))
    await send('one')
    await send('two')
    await reactor.until('both', () => seen.length >= 2)
    expect(seen).toEqual(['one', 'two'])
    await expectRest(reactor)
    expect(seen.length).toBe(2)
  })

  it('keeps quiet once it is closed, and its fd is gone', async () => {
    const { reactor, socket, send } = datagrams(backend)
    ok(reactor.native.watch(socket, READABLE))
    reactor.submit('DESTROY', socket)
    await send('too late')
    await reactor.awaitEvent(socket, 'CLOSED')
    expect(errorOf(reactor.native.watch(socket, READABLE))).toBe('EBADF')
    await expectRest(reactor)
    reactor.expectEvents(socket, ['CLOSED'])
    expect(reactor.counter('staleEvents')).toBe(0)
  })

  const changes: [string, (reactor: RawReactor, socket: number) => void, SeenEvent['name'][]][] = [
    ['closed', (reactor, socket) => reactor.submit('DESTROY', socket), ['CLOSED']],
    ['not waited for any more', ({ native }, socket) => ok(native.watch(socket, 0)), []],
    ['waited for in the other way', ({ native }, socket) => ok(native.watch(socket, WRITABLE)), ['READY']],
  ]
  it.each(changes)('can be %s while its readiness is in the batch', async (_, change, expected) => {
    // A ring of one record: the first stream's data is dispatched before the socket behind it is looked at.
    const server = serveTcp(backend, { sizes: { eventRecords: 1 } })
    const { reactor } = server
    const streams = await server.connectMany(2)
    const { socket, send } = datagrams(backend, reactor)
    ok(reactor.native.watch(socket, READABLE))
    let changed = false
    reactor.handler = ({ name }) => {
      if (!name.startsWith('DATA') || changed) return
      changed = true
      change(reactor, socket)
      reactor.native.submit()
    }
    const sockets = streams.map((stream) => stream.socket)
    await readyTogether(reactor, sockets, async () => {
      for (const { peer } of streams) await peer.send('x')
      await send('hello')
    })
    for (const stream of sockets) await reactor.awaitBytes(stream, 1)
    await expectRest(reactor)
    const events = reactor.eventsOf(socket)
    // Where its turn came before the streams', it was simply ready.
    if (events[0]?.a === READABLE) return
    expect(events.map(({ name }) => name)).toEqual(expected)
    if (expected[0] === 'READY') expect(events[0].a).toBe(WRITABLE)
  })

  it('that the reactor drives is refused', async () => {
    const server = serveTcp(backend)
    const { socket } = await server.connect()
    for (const driven of [server.listener, socket]) {
      expect(errorOf(server.reactor.native.watch(driven, READABLE))).toBe('EINVAL')
    }
  })

  it('can be handed to the reactor, which drives it from then on', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    ok(reactor.native.watch(socket, READABLE | PRIORITY))
    ok(reactor.native.connectIp(socket, '127.0.0.1', far.port, 0, true))
    const peer = await far.awaitPeer()
    await peer.send('hello')
    await reactor.awaitBytes(socket, 5)
    expect(reactor.summary(socket).filter((name) => name !== 'READY')).toEqual(['CONNECT', 'DATA'])
  })

  it('takes an interest that is made of what can be waited for, and no other', () => {
    const { reactor, socket } = datagrams(backend)
    for (const bits of [ERROR, HANGUP, READABLE | ERROR]) {
      expect(() => reactor.native.watch(socket, bits)).toThrow(TypeError)
    }
    for (const bits of [32, -1, 0.5, 2 ** 32 + 1])
      expect(() => reactor.native.watch(socket, bits)).toThrow(RangeError)
  })

  describe('of a connection', () => {
    it('is reported with the urgent data that it was watched for', async () => {
      const { tell } = await watching(backend, 'urgent')
      await tell(`watch ${READABLE}`, /watching 0/)
      await expectChildRests(tell)
      await tell(`watch ${READABLE | PRIORITY}`, /^ready 16$/m)
      await expectChildRests(tell)
    })

    it('is reported at its end, to each who asks, and rests in between', async () => {
      const { peer, tell } = await watching(backend)
      await tell(`watch ${READABLE}`, /watching 0/)
      const reported = tell('', /^ready 1$/m)
      await peer.end()
      await reported
      await expectChildRests(tell)
      await tell('read', /^read $/m)
      await tell(`watch ${READABLE}`, /^ready 1$/m)
      await expectChildRests(tell)
    })

    it('is reported when the peer resets it, to each who asks, and rests in between', async () => {
      const { peer, tell } = await watching(backend)
      await tell(`watch ${READABLE}`, /watching 0/)
      const told = tell('', /^ready (\d+)$/m)
      await peer.reset()
      await told
      await expectChildRests(tell)
      for (const interest of [READABLE, WRITABLE, PRIORITY]) {
        const reported = Number(await tell(`watch ${interest}`, /^ready (\d+)$/m))
        expect(reported & ~(interest | ERROR | HANGUP)).toBe(0)
        // To select(2) it is something to read, or room to write.
        if (backend !== 'select') expect(reported & (ERROR | HANGUP)).not.toBe(0)
        await expectChildRests(tell)
      }
      await tell('read', /^read ECONNRESET$/m)
    })

    it('is reported no more once it is closed, though others hold the same open file', async () => {
      const { peer, tell } = await watching(backend)
      await tell(`watch ${READABLE}`, /watching 0/)
      await tell('close', /closed/)
      // The parent's descriptor keeps the connection open, and its data is read by nobody.
      await peer.send(noise(10))
      await expectChildRests(tell)
      await expectChildRests(tell)
    })
  })
})

/** A UDP socket, and how to send it something. */
function datagrams(backend: BackendName, reactor = new RawReactor(backend)) {
  const socket = ok(reactor.native.socket(constants.AF_INET, SOCK_DGRAM, 0))
  ok(reactor.native.bindIp(socket, '127.0.0.1', 0, 0))
  const port = portOf(reactor, socket)
  const send = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const peer = createSocket('udp4')
      peer.send(text, port, '127.0.0.1', (error) => peer.close(() => (error ? reject(error) : resolve())))
    })
  return { reactor, socket, send }
}

const readies = (reactor: RawReactor, socket: number) =>
  reactor.eventsOf(socket, 'READY').map((event) => event.a)

/** read(2), as text or as the error's code. */
function read(reactor: RawReactor, socket: number): string {
  const bytes = Buffer.alloc(100)
  try {
    return bytes.toString('latin1', 0, readSync(reactor.native.fd(socket), bytes))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** Nothing wakes the reactor while the loop goes round, but for one look at what happened. */
async function expectRest(reactor: RawReactor) {
  const turns = reactor.counter('turns')
  for (let i = 0; i < 200; ++i) await iteration()
  expect(reactor.counter('turns') - turns).toBeLessThanOrEqual(4)
}

type Tell = (order: string, answer: RegExp) => Promise<string>

/** A child that watches its fd 3, a connection to the peer; urgent data comes from python3, node:net has none. */
async function watching(backend: BackendName, urgent?: 'urgent') {
  const far = urgent ? undefined : await listeningPeer({ host: '127.0.0.1', port: 0 })
  const python = urgent && Child.run('python3', ['-c', SEND_URGENT])
  const port = python ? await python.awaitPort() : (far?.port as number)
  // Paused before it is connected, so that its giver reads nothing of what is not his any more.
  const connection = connect({ host: '127.0.0.1', port })
  given.add(connection)
  connection.pause()
  connection.on('error', () => {})
  await new Promise((resolve) => connection.once('connect', resolve))
  await python?.awaitOutput(/sent/)
  const child = Child.run(process.execPath, [fixture('watch.mjs'), backend], {
    fd: (connection as never as { _handle: { fd: number } })._handle.fd,
  })
  const tell: Tell = (order, answer) => {
    child.output = ''
    child.process.stdin?.write(`${order}\n`)
    return child.awaitOutput(answer)
  }
  return { peer: (await far?.awaitPeer()) as Peer, tell }
}

const SEND_URGENT = `
import socket, sys
listener = socket.create_server(('127.0.0.1', 0))
print('port', listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.send(b'!', socket.MSG_OOB)
print('sent', flush=True)
sys.stdin.read()
`

/** And says nothing that it was not asked for. */
async function expectChildRests(tell: Tell) {
  expect(Number(await tell('rest', /^turns (\d+)$/m))).toBeLessThanOrEqual(4)
}
