// Datagrams that Pollux sends by itself: where to, what fails, and what happens to the others.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatagramChannel, type DatagramError, type DatagramOptions } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  HERE,
  leaveNothingBehind,
  loopOn,
  openChannel,
  portOf,
  python,
  UdpPeer,
  Waiter,
} from './support/datagrams.js'

leaveNothingBehind()
const folder = temporaryFolder()

/** Collects what `error` is told. */
function listen() {
  const errors: DatagramError[] = []
  const waiter = new Waiter()
  return {
    errors,
    error(_: DatagramChannel, error: unknown) {
      errors.push(error as DatagramError)
      waiter.look()
    },
    awaitErrors: (count: number) => waiter.until(`${count} errors`, () => errors.length >= count),
  }
}

describe.each(BACKENDS)('sending on %s', (backend) => {
  it('reaches an endpoint, IPv4 or IPv6, and an address in the kernel form, within a turn and outside', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const peer = await UdpPeer.bind(host)
      const channel = openChannel(loopOn(backend), {}, { bind: { host, port: 0 } })
      const to = { host, port: peer.port }
      channel.sendTo(Buffer.from('endpoint'), to)
      channel.sendTo(Buffer.from('encoded'), channel.addressOf(to))
      setImmediate(() => channel.sendTo(new Uint8Array([1, 2, 3]), { ...to }))
      expect((await peer.awaitCount(3)).map(String)).toEqual(['endpoint', 'encoded', '\x01\x02\x03'])
      expect(channel.addressOf(to)).toBe(channel.addressOf({ ...to }))
      expect(channel.addressOf(to).address).toMatchObject(to)
    }
  })

  it('without bind comes from a port of the system, and with connect hears only its peer', async () => {
    const heard: string[] = []
    const waiter = new Waiter()
    const datagram = (_: DatagramChannel, data: Buffer) => {
      heard.push(String(data))
      waiter.look()
    }
    const peer = await UdpPeer.bind()
    const stranger = await UdpPeer.bind()
    const loop = loopOn(backend)
    const channel = DatagramChannel.open(
      { loop, connect: { host: '127.0.0.1', port: peer.port } },
      { datagram },
    )
    channel.send(Buffer.from('to my peer'))
    await peer.awaitCount(1)
    await stranger.send('let me in', portOf(channel))
    await peer.send('welcome', portOf(channel))
    await waiter.until('the answer', () => heard.length > 0)
    expect(heard).toEqual(['welcome'])
    const unbound = DatagramChannel.open({ loop }, { datagram })
    unbound.sendTo(Buffer.from('from anywhere'), { host: '127.0.0.1', port: peer.port })
    expect((await peer.awaitCount(2)).map(String)).toEqual(['to my peer', 'from anywhere'])
  })

  it('more than a ring, a slab or a batch holds, keeps the order', async () => {
    const peer = await UdpPeer.bind()
    const channel = openChannel(loopOn(backend, { submissionCapacity: 5, sendSlabBytes: 1024 }))
    const to = { host: '127.0.0.1', port: peer.port }
    const sent = Array.from({ length: 200 }, (_, i) => noise([0, 1, 100, 900, 990, 3000][i % 6]))
    // One kernel buffer holds them all.
    for (const bytes of sent) channel.sendTo(bytes, to)
    const received = await peer.awaitCount(sent.length)
    expect(received.map((bytes) => bytes.toString('hex'))).toEqual(sent.map((bytes) => bytes.toString('hex')))
  })

  it('one that is too large is reported with what it was about, and stops no other', async () => {
    const peer = await UdpPeer.bind()
    const listener = listen()
    const channel = openChannel(loopOn(backend), listener)
    const to = { host: '127.0.0.1', port: peer.port }
    channel.sendTo(Buffer.from('before'), to)
    channel.sendTo(noise(65_508), to)
    channel.sendTo(Buffer.from('after'), to)
    expect((await peer.awaitCount(2)).map(String)).toEqual(['before', 'after'])
    await listener.awaitErrors(1)
    expect(listener.errors).toEqual([
      expect.objectContaining({
        name: 'DatagramError',
        code: 'EMSGSIZE',
        syscall: 'send',
        address: '127.0.0.1',
        port: peer.port,
        datagrams: 1,
        bytes: 65_508,
      }),
    ])
    expect(channel.statistics()).toMatchObject({ sent: 2, dropped: 1, errors: 1 })
  })

  it('to a port where nobody listens is reported once the network says so, and the socket lives on', async () => {
    const listener = listen()
    const dead = createSocket('udp4')
    dead.bind(0, '127.0.0.1')
    await once(dead, 'listening')
    const { port } = dead.address()
    await new Promise<void>((resolve) => dead.close(resolve))
    const channel = openChannel(loopOn(backend), listener, {
      bind: HERE,
      connect: { host: '127.0.0.1', port },
    })
    channel.send(Buffer.from('is anybody there?'))
    await listener.awaitErrors(1)
    expect(listener.errors[0]).toMatchObject({ code: 'ECONNREFUSED', datagrams: 0 })
    const reborn = createSocket('udp4')
    reborn.bind(port, '127.0.0.1')
    await once(reborn, 'listening')
    channel.send(Buffer.from('again'))
    const [bytes] = (await once(reborn, 'message')) as [Buffer]
    expect(String(bytes)).toBe('again')
    await new Promise<void>((resolve) => reborn.close(resolve))
    expect(channel.statistics()).toMatchObject({ sent: 2, dropped: 0 })
  })

  it('that the receiver does not take waits, is drained in order, and is dropped beyond the bound', async () => {
    const path = join(folder, `${backend}.slow`)
    // A Unix socket takes some ten datagrams; then its senders wait for it (net.unix.max_dgram_qlen).
    const reader = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound')
sys.stdin.readline()
s.settimeout(15)
while True:
    data = s.recv(2000)
    print('got', data[:3].decode(), len(data))
    if data[:3] == b'end': break
`,
      path,
    )
    await reader.awaitOutput(/bound/)
    const listener = listen()
    let drains = 0
    const channel = DatagramChannel.open(
      { loop: loopOn(backend), family: 'Unix', maxQueuedBytes: 100 * (1000 + 64 + 110) },
      { datagram() {}, ...listener, drain: () => void drains++ },
    )
    const to = channel.addressOf({ path })
    const numbered = (i: number) => Buffer.concat([Buffer.from(String(i).padStart(3, '0')), noise(997)])
    for (let i = 0; i < 500; i++) channel.sendTo(numbered(i), to)
    await listener.awaitErrors(1)
    expect(channel.queuedBytes).toBeGreaterThan(50_000)
    expect(channel.queuedBytes).toBeLessThanOrEqual(100 * (1000 + 64 + 110))
    channel.watchDrain()
    const { dropped, sent } = channel.statistics() as { dropped: number; sent: number }
    expect(listener.errors[0]).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL', bytes: 1000 })
    expect(listener.errors.reduce((sum, { datagrams }) => sum + datagrams, 0)).toBe(dropped)
    const kept = 500 - dropped
    expect(kept).toBeGreaterThan(sent + 90)
    expect(drains).toBe(0)

    reader.process.stdin?.write('go on\n')
    await eventually('the queue to empty', () => drains === 1)
    expect(channel.queuedBytes).toBe(0)
    channel.sendTo(Buffer.from('end'), to)
    expect(await reader.awaitExit(), reader.errors).toBe(0)
    const got = reader.output.match(/got \w+ \d+/g)
    const wanted = Array.from({ length: kept }, (_, i) => `got ${String(i).padStart(3, '0')} 1000`)
    expect(got).toEqual([...wanted, 'got end 3'])
    expect(channel.statistics()).toMatchObject({ sent: kept + 1, dropped })
  })

  it('refuses what makes no sense, and says what was wrong', async () => {
    const loop = loopOn(backend)
    const channel = openChannel(loop)
    const to = { host: '127.0.0.1', port: 9 }
    expect(() => channel.sendTo('text' as never, to)).toThrow(TypeError)
    expect(() => channel.sendTo(noise(65_536), to)).toThrow(RangeError)
    expect(() => channel.sendTo(noise(10), to, -1)).toThrow(/segmentBytes/)
    for (const port of [0, 65_536, 1.5])
      expect(() => channel.sendTo(noise(1), { ...to, port })).toThrow(/port/)
    expect(() => channel.sendTo(noise(1), { host: 'localhost', port: 9 })).toThrow(/numeric/)
    expect(() => channel.reply()).toThrow(expect.objectContaining({ code: 'ERR_POLLUX_NO_DATAGRAM' }))
    expect(() => channel.sender).toThrow(/no datagram/)
    expect(() => DatagramChannel.open({ loop }, {} as never)).toThrow(/handlers\.datagram/)
    const wrong: [DatagramOptions, RegExp][] = [
      [{ maxDatagramBytes: 0 }, /maxDatagramBytes/],
      [{ maxDatagramBytes: 65_536 }, /maxDatagramBytes/],
      [{ maxQueuedBytes: -1 }, /maxQueuedBytes/],
      [{ gro: 1 as never }, /gro/],
      [{ family: 'IPv5' as never }, /family/],
      [{ receiveBufferBytes: 'x' as never }, /receiveBufferBytes/],
      [{ bind: { host: 'localhost', port: 0 } }, /numeric/],
      [{ bind: { host: '127.0.0.1', port: 70_000 } }, /bind\.port/],
      [{ bind: { path: '' } }, /bind\.path/],
    ]
    for (const [options, message] of wrong) {
      expect(() => DatagramChannel.open({ loop, ...options }, { datagram() {} })).toThrow(message)
    }
    const small = loopOn(backend, { slabBytes: 8192, maxReadBytes: 1024 })
    expect(() => openChannel(small)).toThrow(/maxDatagramBytes/)
    expect(() => openChannel(loop, {}, { bind: { host: '127.0.0.1', port: portOf(channel) } })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind', port: portOf(channel) }),
    )
  })

  it('after close is an error that says so, and what waited has left', async () => {
    const peer = await UdpPeer.bind()
    const channel = openChannel(loopOn(backend))
    channel.sendTo(Buffer.from('last words'), { host: '127.0.0.1', port: peer.port })
    channel.close()
    channel.close()
    expect(channel.closed).toBe(true)
    const closed = expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' })
    expect(() => channel.sendTo(noise(1), { host: '127.0.0.1', port: 9 })).toThrow(closed)
    expect(() => channel.send(noise(1))).toThrow(closed)
    expect(() => channel.watchDrain()).toThrow(closed)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['last words'])
    channel.destroy()
    expect(channel.queuedBytes).toBe(0)
  })
})
