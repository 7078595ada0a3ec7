// sendmmsg(2) and recvmmsg(2): many datagrams at once, partial batches, segments, and errors in the midst.

import { join } from 'node:path'
import {
  AF_UNIX,
  constants,
  DatagramBatch,
  EncodedAddress,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SOCK_DGRAM,
  type Socket,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { detach, done, portOf, python, said, setOption, udp, udpPair, unixPair } from '../support/messages.js'
import { failure, freshLoop, rejection } from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const folder = temporaryFolder()
const hasSegments = constants.UDP_SEGMENT !== undefined

const fresh = (capacity = 64, maxBytes = 2000) => new DatagramBatch({ capacity, maxBytes })

function filled(texts: string[], capacity = texts.length): DatagramBatch {
  const batch = fresh(capacity)
  for (const text of texts) batch.push(Buffer.from(text))
  return batch
}

const texts = (batch: DatagramBatch) =>
  Array.from({ length: batch.count }, (_, i) => batch.data(i).toString('latin1'))

const numbered = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => `datagram ${first + i}`)

/** All that comes until there are `count`. */
async function collect(from: Socket, count: number, batch = fresh()): Promise<string[]> {
  const all: string[] = []
  while (all.length < count) {
    await patiently(from.recvmmsg(batch), `datagram ${all.length}`)
    all.push(...texts(batch))
  }
  return all
}

describe.each(BACKENDS)('batches on %s', (backend) => {
  const at = freshLoop(backend)

  it('go to python3 and come back, from where they went to', async () => {
    const peer = python(`
s = udp()
say('port', s.getsockname()[1])
for i in range(20):
    data, address = s.recvfrom(100)
    s.sendto(data.upper(), address)
`)
    const near = udp(at)
    const address = { host: '127.0.0.1', port: await said<number>(peer, 'port') }
    const batch = fresh(20)
    for (const text of numbered(20)) batch.push(Buffer.from(text), address)
    expect(await near.sendmmsg(batch)).toBe(20)
    expect([batch.sent, batch.count]).toEqual([20, 20])
    const back = fresh(7)
    expect(await collect(near, 20, back)).toEqual(numbered(20).map((text) => text.toUpperCase()))
    expect(back.address(0)).toEqual({ family: 'IPv4', ...address })
  })

  it('are echoed as they came, by whoever sent them, and can go elsewhere', async () => {
    const server = udp(at)
    const clients = [udp(at), udp(at), udp(at)]
    const elsewhere = udp(at)
    for (const [i, client] of clients.entries()) {
      done(client.trySendto(Buffer.from(`client ${i}`), 0, server.getsockname()))
    }
    const batch = fresh()
    while (batch.count < 3) await server.recvmmsg(batch)
    expect(batch.sent).toBe(0)
    expect(server.trySendmmsg(batch)).toBe(3)
    for (const [i, client] of clients.entries()) expect(await collect(client, 1)).toEqual([`client ${i}`])

    batch.rewind()
    const to = EncodedAddress.from(elsewhere.getsockname())
    for (let i = 0; i < batch.count; i++) batch.setAddress(i, to)
    expect(server.trySendmmsg(batch)).toBe(3)
    expect((await collect(elsewhere, 3)).sort()).toEqual(['client 0', 'client 1', 'client 2'])
  })

  it('that do not fit are continued where they stopped, with nothing lost or sent twice', async () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const batch = filled(numbered(1024))
    const first = done(near.trySendmmsg(batch))
    // net.unix.max_dgram_qlen is far less than a batch.
    expect(first).toBeLessThan(1024)
    expect(batch.sent).toBe(first)
    expect(near.trySendmmsg(batch)).toBe(WOULD_BLOCK)
    expect(batch.sent).toBe(first)
    const sent = near.sendmmsg(batch)
    expect(await collect(far, 1024, fresh(5))).toEqual(numbered(1024))
    expect(await sent).toBe(1024 - first)
    expect(batch.sent).toBe(1024)
    expect(near.trySendmmsg(batch)).toBe(0)
    expect(far.tryRecvmmsg(fresh())).toBe(WOULD_BLOCK)
  })

  it('with MSG_DONTWAIT are what the kernel takes at once', async () => {
    const [near] = unixPair(at, SOCK_DGRAM)
    const batch = filled(numbered(1024))
    const sent = await near.sendmmsg(batch, MSG_DONTWAIT)
    expect(sent).toBeLessThan(1024)
    expect(batch.sent).toBe(sent)
    expect(await rejection(near.sendmmsg(batch, MSG_DONTWAIT))).toEqual(failure('EAGAIN', 'sendmmsg'))
  })

  it('say how far they came when a signal, a timeout or the end of the socket ends them', async () => {
    const [near] = unixPair(at, SOCK_DGRAM)
    const batch = filled(numbered(1024))
    const sent = done(near.trySendmmsg(batch))
    const timeout = await rejection(near.sendmmsg(batch, 0, { timeoutMs: 1 }))
    expect(timeout).toEqual(failure('ERR_POLLUX_TIMEOUT', 'sendmmsg', { datagramsSent: 0 }))
    const controller = new AbortController()
    const aborted = rejection(near.sendmmsg(batch, 0, { signal: controller.signal }))
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await aborted).toBe(reason)
    const waiting = rejection(near.sendmmsg(batch, MSG_DONTWAIT))
    expect(await waiting).toEqual(failure('EAGAIN', 'sendmmsg'))
    const closed = rejection(near.sendmmsg(batch))
    near.close()
    expect(await closed).toEqual(failure('ERR_POLLUX_CLOSED', 'sendmmsg'))
    expect(batch.sent).toBe(sent)
  })

  it('wait for a datagram, and take all that are there', async () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const batch = fresh()
    expect(far.tryRecvmmsg(batch)).toBe(WOULD_BLOCK)
    expect(await rejection(far.recvmmsg(batch, 0, { timeoutMs: 1 }))).toEqual(
      failure('ERR_POLLUX_TIMEOUT', 'recvmmsg'),
    )
    const coming = far.recvmmsg(batch)
    near.trySendmmsg(filled(['one', 'two', 'three']))
    expect(await patiently(coming, 'datagrams')).toBe(3)
    expect(texts(batch)).toEqual(['one', 'two', 'three'])
  })
})

describe('a batch', () => {
  const at = freshLoop()

  it('whose third datagram is refused has sent two, and goes on as it is told', async () => {
    const [near, far] = await udpPair(at)
    const batch = new DatagramBatch({ capacity: 5, maxBytes: 70_000 })
    for (const length of [1, 2, 70_000, 4, 5]) batch.push(Buffer.alloc(length, 'x'))
    const refused = failure('EMSGSIZE', 'sendmmsg', { datagramsSent: 2 })
    expect(() => near.trySendmmsg(batch)).toThrow(refused)
    expect(batch.sent).toBe(2)
    // The same one again, whichever way it is asked.
    const again = failure('EMSGSIZE', 'sendmmsg', { datagramsSent: 0 })
    expect(() => near.trySendmmsg(batch)).toThrow(again)
    expect(await rejection(near.sendmmsg(batch))).toEqual(again)
    batch.skip()
    expect(near.trySendmmsg(batch)).toBe(2)
    expect(await collect(far, 4)).toEqual(['x', 'xx', 'xxxx', 'xxxxx'])
    expect(far.tryRecvmmsg(fresh())).toBe(WOULD_BLOCK)
  })

  it('has datagrams of no bytes', async () => {
    const [near, far] = await udpPair(at)
    expect(near.trySendmmsg(filled(['', 'x', '']))).toBe(3)
    expect(await collect(far, 3)).toEqual(['', 'x', ''])
    expect(near.trySendmmsg(fresh())).toBe(0)
  })

  it('cuts datagrams that are longer than it has room for, and says so', async () => {
    const [near, far] = await udpPair(at)
    for (const flags of [0, MSG_TRUNC]) {
      near.trySendmmsg(filled(['0123456789', 'short']))
      const batch = fresh(8, 6)
      expect(await patiently(far.recvmmsg(batch, flags), 'datagrams')).toBe(2)
      expect(texts(batch)).toEqual(['012345', 'short'])
      expect([0, 1].map((i) => batch.flags(i) & MSG_TRUNC)).toEqual([MSG_TRUNC, 0])
      expect(batch.datagramBytes(0)).toBe(flags === 0 ? 6 : 10)
    }
  })

  it('goes over IPv6 and Unix sockets with their addresses', async () => {
    const [near, far] = [udp(at, '::1'), udp(at, '::1')]
    const batch = fresh()
    batch.push(Buffer.from('six'), far.getsockname())
    expect(near.trySendmmsg(batch)).toBe(1)
    await far.recvmmsg(batch)
    expect(batch.address(0)).toEqual({ family: 'IPv6', host: '::1', port: portOf(near) })

    const paths = ['one', 'other'].map((name) => join(folder, name))
    const [one, other] = paths.map((path) => {
      const bound = socket(AF_UNIX, SOCK_DGRAM, 0, at)
      bound.bind({ path })
      return bound
    })
    batch.clear()
    batch.push(Buffer.from('unix'), { path: paths[1] })
    expect(one.trySendmmsg(batch)).toBe(1)
    expect(other.tryRecvmmsg(batch)).toBe(1)
    expect(batch.address(0)).toEqual({ family: 'Unix', path: paths[0] })
    expect(other.trySendmmsg(batch)).toBe(1)
    expect(one.tryRecvmmsg(batch)).toBe(1)
    expect(texts(batch)).toEqual(['unix'])
  })

  it('brings an error that waits at the socket, and then goes on', async () => {
    const near = udp(at)
    const gone = udp(at)
    await near.connect(gone.getsockname())
    gone.close()
    expect(near.trySendmmsg(filled(['lost']))).toBe(1)
    const batch = fresh()
    expect(await rejection(near.recvmmsg(batch))).toEqual(failure('ECONNREFUSED', 'recvmmsg'))
    expect(near.tryRecvmmsg(batch)).toBe(WOULD_BLOCK)
  })

  it('whose memory is detached while it waits is refused, and the calls behind it go on', async () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const batch = filled(numbered(1024))
    const sent = done(near.trySendmmsg(batch))
    const failed = rejection(near.sendmmsg(batch))
    const next = near.send(Buffer.from('next'))
    detach(batch.buffer)
    expect((await collect(far, sent + 1)).at(-1)).toBe('next')
    expect(await failed).toBeInstanceOf(Error)
    expect(await next).toBe(4)
  })

  it.each<[string, unknown, unknown, ErrorConstructor]>([
    ['no batch', undefined, 0, TypeError],
    ['what looks like one', { count: 1, sent: 0, buffer: new ArrayBuffer(1) }, 0, TypeError],
    ['flags that are text', fresh(), '0', TypeError],
    ['flags beyond an int', fresh(), 2 ** 40, RangeError],
  ])('is refused as %s', (_what, batch, flags, expected) => {
    const [near] = unixPair(at, SOCK_DGRAM)
    expect(() => near.trySendmmsg(batch as DatagramBatch, flags as number)).toThrow(expected)
    expect(() => near.tryRecvmmsg(batch as DatagramBatch, flags as number)).toThrow(expected)
  })

  it('whose memory was detached, or written over, is refused and harms nobody', () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const detached = filled(['x'])
    detach(detached.buffer)
    expect(() => near.trySendmmsg(detached)).toThrow(/buffer/)
    expect(() => near.tryRecvmmsg(detached)).toThrow(/buffer/)
    for (let word = 0; word < 4; word++) {
      const batch = filled(['good', 'bad'])
      const words = new Uint32Array(batch.buffer, batch.dataOffset(1) - 160, 4)
      words[word] = 0xffff_ffff
      // The flags of a datagram say nothing when it is sent.
      if (word === 1) expect(near.trySendmmsg(batch)).toBe(2)
      else expect(() => near.trySendmmsg(batch)).toThrow(failure('EINVAL', 'sendmmsg', { datagramsSent: 1 }))
      batch.address(1)
      batch.data(1)
    }
    expect(done(far.tryRecvmmsg(fresh()))).toBe(5)
  })
})

describe('a batch with segments', needs(hasSegments, 'UDP_SEGMENT'), () => {
  const at = freshLoop()
  const long = Buffer.concat(Array.from({ length: 10 }, (_, i) => Buffer.alloc(1200, 65 + i)))

  it('is cut by the kernel: python3 gets datagrams', async () => {
    const peer = python(`
s = udp()
say('port', s.getsockname()[1])
say('lengths', [len(s.recv(2000)) for i in range(12)])
`)
    const address = { host: '127.0.0.1', port: await said<number>(peer, 'port') }
    const batch = new DatagramBatch({ capacity: 3, maxBytes: 65_535 })
    batch.push(long, address, 1200)
    batch.push(Buffer.from('whole'), address, 1200)
    batch.push(Buffer.from('without'), address)
    expect(udp(at).trySendmmsg(batch)).toBe(3)
    expect(await said(peer, 'lengths')).toEqual([...Array(10).fill(1200), 5, 7])
  })

  it('is joined by the kernel, says how, and is echoed as it came', async () => {
    const [near, far] = await udpPair(at)
    setOption(far, 'IPPROTO_UDP', 'UDP_GRO')
    const batch = new DatagramBatch({ capacity: 4, maxBytes: 65_535 })
    batch.push(long, undefined, 1200)
    batch.push(Buffer.from('single'))
    expect(near.trySendmmsg(batch)).toBe(2)
    const joined = new DatagramBatch({ capacity: 4, maxBytes: 65_535 })
    expect(await patiently(far.recvmmsg(joined), 'both')).toBe(2)
    expect([0, 1].map((i) => [joined.bytes(i), joined.segmentBytes(i)])).toEqual([
      [12_000, 1200],
      [6, 0],
    ])
    expect(joined.data(0).equals(long)).toBe(true)
    expect(far.trySendmmsg(joined)).toBe(2)
    const back = await collect(near, 11)
    expect(back.map(({ length }) => length)).toEqual([...Array(10).fill(1200), 6])
    expect(back.slice(0, 10).join('')).toBe(long.toString())
  })

  it('keeps them where a timestamp comes too', async () => {
    const [near, far] = await udpPair(at)
    setOption(far, 'IPPROTO_UDP', 'UDP_GRO')
    setOption(far, 'SOL_SOCKET', 'SO_TIMESTAMPNS')
    const batch = new DatagramBatch({ capacity: 1, maxBytes: 65_535 })
    batch.push(long, undefined, 1200)
    near.trySendmmsg(batch)
    expect(await patiently(far.recvmmsg(batch), 'it')).toBe(1)
    expect(batch.segmentBytes(0)).toBe(1200)
  })
})
