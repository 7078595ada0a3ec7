// The datagram half of the reactor by itself: batches, their caps, and distrust of what JavaScript writes.
import { DATAGRAM_HEAD_BYTES, HANDLE_BASE, Op, SLOT_SHIFT } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import {
  closeDatagramPeers,
  datagramPeer,
  datagramsOf,
  decoded,
  encoded,
  openUdp,
  type SeenDatagram,
} from './support/datagrams.js'
import { checkFds } from './support/leaks.js'
import { eventually } from './support/patience.js'
import { Random, seeds } from './support/random.js'
import { constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok } from './support/server.js'

checkFds()
closeDatagramPeers()

const INT_MAX = 0x7fffffff
const INT_MIN = -0x80000000

/** A reactor whose UDP socket answers everything, and keeps what it saw. */
function echo(reactor: RawReactor) {
  const opened = openUdp(reactor)
  const seen: SeenDatagram[] = []
  reactor.handler = (event) => {
    if (event.name !== 'DATAGRAMS') return
    for (const datagram of datagramsOf(reactor, event, opened.stride)) {
      seen.push(datagram)
      reactor.submit('REPLY_DATAGRAM', event.socket, datagram.header, datagram.bytes.length)
    }
  }
  return { ...opened, seen }
}

describe.each(BACKENDS)('datagrams on %s', (backend) => {
  it.each([
    ['one event for each batch', {}, 1],
    ['a slab that holds two or three', { receiveBytes: 4096 + 2 * 2240, maxReadBytes: 1024 }, 23],
    ['a ring of one record', { eventRecords: 1 }, 1],
  ])('come in batches: %s', async (_, sizes, leastDispatches) => {
    const reactor = new RawReactor(backend, sizes)
    const { port, seen } = echo(reactor)
    const peer = await datagramPeer()
    for (let i = 0; i < 70; i++) peer.socket.send(`number ${i}`, port, '127.0.0.1')
    await eventually('all answers', () => peer.received.length === 70)
    const wanted = Array.from({ length: 70 }, (_, i) => `number ${i}`)
    expect(seen.map(({ bytes }) => String(bytes))).toEqual(wanted)
    expect(peer.received.map(String)).toEqual(wanted)
    expect(reactor.batches.length).toBeGreaterThanOrEqual(leastDispatches)
    expect(reactor.counter('datagramsReceived')).toBe(70)
    expect(reactor.counter('datagramsSent')).toBe(70)
    const from = decoded(seen[0].sockaddr)
    expect(from).toEqual({ family: 'IPv4', address: '127.0.0.1', port: peer.port, scopeId: 0 })
  })

  it('are opened on idle datagram sockets alone', () => {
    const reactor = new RawReactor(backend)
    const { native } = reactor
    const stream = ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    expect(errorOf(native.openDatagrams(stream, 100, 0, false, false))).toBe('EPROTOTYPE')
    const { socket } = openUdp(reactor)
    expect(errorOf(native.openDatagrams(socket, 100, 0, false, false))).toBe('EINVAL')
    expect(errorOf(native.connectDatagramsIp(socket, '127.0.0.1', 9, 0))).toBe('EINVAL')
    expect(errorOf(native.openDatagrams(12345, 100, 0, false, false))).toBe('EBADF')
    expect(native.datagramStatistics(12345)).toBeNull()
    expect(native.takeDatagramFailure(12345)).toBeNull()
    const small = new RawReactor(backend, { receiveBytes: 5000, maxReadBytes: 1000 })
    const another = ok(small.native.socket(constants.AF_INET, constants.SOCK_DGRAM, 0))
    expect(errorOf(small.native.openDatagrams(another, 65_535, 0, false, false))).toBe('EMSGSIZE')
    for (const bytes of [0, 65_536, 1.5, '9']) {
      expect(() => native.openDatagrams(socket, bytes as number, 0, false, false)).toThrow(/maxDatagramBytes/)
    }
    expect(() => native.sendDatagram(socket, new Uint8Array(65_536), null, 0)).toThrow(RangeError)
    expect(() => native.sendDatagram(socket, new Uint8Array(1), new Uint8Array(113), 0)).toThrow(RangeError)
    expect(() => native.sendDatagram(socket, 'x' as never, null, 0)).toThrow(TypeError)
  })

  it('have no address where there is no datagram', () => {
    const { native } = new RawReactor(backend)
    for (const offset of [0, 1 << 20, (1 << 20) - DATAGRAM_HEAD_BYTES + 1, INT_MAX]) {
      expect(native.receivedAddress(offset)).toBeNull()
    }
  })

  it('submitted to a socket that is gone, or is no datagram socket, are dropped and counted', async () => {
    const reactor = new RawReactor(backend)
    const { socket } = openUdp(reactor)
    const stream = ok(reactor.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    reactor.submit('DESTROY', socket)
    reactor.native.submit()
    await reactor.awaitEvent(socket, 'CLOSED')
    const before = reactor.counter('rejectedSubmissions')
    for (const op of ['REPLY_DATAGRAM', 'SEND_DATAGRAM', 'FORWARD_DATAGRAM'] as const) {
      reactor.submit(op, socket, 0, 10)
      reactor.submit(op, stream, 0, 10)
    }
    const datagram = openUdp(reactor)
    for (const op of ['WRITE', 'WRITE_RECEIVED'] as const) reactor.submit(op, datagram.socket, 0, 1)
    reactor.native.submit()
    expect(reactor.counter('rejectedSubmissions') - before).toBe(8)
    expect(errorOf(reactor.native.write(datagram.socket, new Uint8Array(1)))).toBe('EBADF')
    expect(errorOf(reactor.native.sendDatagram(socket, new Uint8Array(1), null, 0))).toBe('EBADF')
  })

  it.each(seeds(5))('full of garbage (POLLUX_SEED=%i) are survived, and harm no bystander', async (seed) => {
    const reactor = new RawReactor(backend, { submissionRecords: 64 })
    const { port } = echo(reactor)
    // Of another family than the bystander: where garbage happens to be its header, that is no address here; and
    // nothing leaves this machine.
    const victim = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_DGRAM, 0))
    ok(reactor.native.openDatagrams(victim, 2048, 10_000, false, false))
    const peer = await datagramPeer()
    const random = new Random(seed)
    const sizes = [0, 1, 16, 64, 1000, 65_535, 65_536, 1 << 20, INT_MAX, INT_MIN, -1]
    const words = new Int32Array(reactor.sendSlab.buffer)
    const ops = [Op.REPLY_DATAGRAM, Op.SEND_DATAGRAM, Op.FORWARD_DATAGRAM]
    for (let round = 1; round <= 50; ++round) {
      for (let i = 0; i < words.length; ++i) {
        words[i] = random.below(3) === 0 ? random.bits() | 0 : random.pick(sizes)
      }
      for (let record = 0; record < 64; ++record) {
        const word = () => (random.below(2) === 0 ? random.pick(sizes) : random.below(70_000))
        const slot = victim % HANDLE_BASE
        const generation = Math.floor(victim / HANDLE_BASE)
        reactor.putRecord(random.pick(ops) | (slot << SLOT_SHIFT), generation, word(), word())
      }
      reactor.native.submit()
      peer.socket.send(`round ${round}`, port, '127.0.0.1')
      await eventually('the bystander', () => peer.received.length === round)
      while (reactor.native.takeDatagramFailure(victim) !== null);
    }
    expect(reactor.counter('rejectedSubmissions')).toBeGreaterThan(100)
    expect(reactor.native.datagramStatistics(victim)?.dropped).toBeGreaterThan(100)
  })

  it('whose slab a handler takes away are lost, counted and reported; the socket goes on with a fresh one', async () => {
    const reactor = new RawReactor(backend)
    const { socket, stride, port } = openUdp(reactor)
    let robbed = false
    reactor.handler = (event) => {
      if (event.name !== 'DATAGRAMS') return
      for (const { header, bytes } of datagramsOf(reactor, event, stride)) {
        reactor.submit('REPLY_DATAGRAM', event.socket, header, bytes.length)
      }
      if (robbed) return
      robbed = true
      structuredClone(reactor.slab, { transfer: [reactor.slab] })
    }
    const peer = await datagramPeer()
    peer.socket.send('lost', port, '127.0.0.1')
    await reactor.awaitEvent(socket, 'DATAGRAM_ERROR')
    const failure = reactor.native.takeDatagramFailure(socket)
    expect(failure).toMatchObject({ datagrams: 1, address: null })
    expect(errorOf(-(failure?.errno ?? 0))).toBe('EFAULT')
    peer.socket.send('found', port, '127.0.0.1')
    await eventually('the answer', () => peer.received.length === 1)
    expect(String(peer.received[0])).toBe('found')
    expect(reactor.native.datagramStatistics(socket)).toMatchObject({ received: 2, sent: 1, dropped: 1 })
  })

  it('of a busy socket do not keep another one, or a timer, waiting', async () => {
    const reactor = new RawReactor(backend, { maxTurnUs: 100 })
    const busy = openUdp(reactor)
    const quiet = openUdp(reactor)
    let flood = 0
    let calm = 0
    reactor.handler = (event) => {
      if (event.name !== 'DATAGRAMS') return
      if (event.socket === quiet.socket) calm += event.b
      else {
        flood += event.b
        // To itself: there is always more.
        for (const { header } of datagramsOf(reactor, event, busy.stride)) {
          reactor.submit('REPLY_DATAGRAM', event.socket, header, 100)
        }
      }
    }
    const to = encoded('127.0.0.1', busy.port)
    for (let i = 0; i < 64; i++) ok(reactor.native.sendDatagram(busy.socket, new Uint8Array(100), to, 0))
    await eventually('the flood to run', () => flood > 1000)
    const peer = await datagramPeer()
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (let i = 0; i < 10; i++) peer.socket.send('x', quiet.port, '127.0.0.1')
    await eventually('the quiet one', () => calm === 10 && ticks > 3)
    clearInterval(timer)
  })
})
