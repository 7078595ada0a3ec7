// What comes is what was sent, whole, in order, and the answer goes to where it came from.
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  leaveNothingBehind,
  loopOn,
  openChannel,
  PYTHON_CLIENT,
  portOf,
  python,
  UdpPeer,
} from './support/datagrams.js'

leaveNothingBehind()
const folder = temporaryFolder()

/** One more than any batch there is: datagrams of a call, records of the smallest ring, places of the slab. */
const PAST_EVERY_BATCH = 65 * 3

describe.each(BACKENDS)('a datagram channel on %s', (backend) => {
  it.each(['127.0.0.1', '::1'])(
    'answers python3 at %s, from no byte to the most there can be',
    async (host) => {
      const channel = openChannel(loopOn(backend), {}, { bind: { host, port: 0 } })
      const most = host === '::1' ? 65_527 : 65_507
      const client = python(PYTHON_CLIENT, host, portOf(channel), 0, 1, 15, 1472, 1473, 9000, most)
      expect(await client.awaitExit(), client.errors).toBe(0)
      expect(channel.statistics()).toMatchObject({
        received: 7,
        sent: 7,
        dropped: 0,
        truncated: 0,
        errors: 0,
      })
    },
  )

  it('answers node:dgram past every batch, in order', async () => {
    const channel = openChannel(loopOn(backend))
    const peer = await UdpPeer.bind()
    const sent = Array.from({ length: PAST_EVERY_BATCH }, (_, i) => Buffer.from(`${i}:${'x'.repeat(i % 50)}`))
    // All are in the kernel before the loop looks: they fit into its buffer.
    await Promise.all(sent.map((bytes) => peer.send(bytes, portOf(channel))))
    const received = await peer.awaitCount(sent.length)
    expect(received.map(String)).toEqual(sent.map(String))
    expect(peer.from.every(({ port }) => port === portOf(channel))).toBe(true)
  })

  it.each([
    ['a ring of one event', { eventCapacity: 1 }],
    ['a ring of three submissions', { submissionCapacity: 3 }],
    ['a slab of one datagram', { slabBytes: 4096 + 3000, maxReadBytes: 1024 }],
    ['a slab of three datagrams', { slabBytes: 4096 + 3 * 2240, maxReadBytes: 1024 }],
    ['a turn of one round and a microsecond', { maxRounds: 1, maxTurnUs: 1 }],
  ])('loses and swaps nothing with %s', async (_, options) => {
    const channel = openChannel(loopOn(backend, options), {}, { maxDatagramBytes: 2048 })
    const peers = await Promise.all([UdpPeer.bind(), UdpPeer.bind()])
    const sent = peers.map((_, nth) => Array.from({ length: 70 }, (_, i) => `peer ${nth}, datagram ${i}`))
    await Promise.all(peers.flatMap((peer, nth) => sent[nth].map((text) => peer.send(text, portOf(channel)))))
    for (const [nth, peer] of peers.entries()) {
      expect((await peer.awaitCount(70)).map(String)).toEqual(sent[nth])
    }
    expect(channel.statistics()).toMatchObject({ received: 140, sent: 140, dropped: 0 })
  })

  it('cuts what is longer than maxDatagramBytes, says so, and counts it', async () => {
    const seen: [number, boolean][] = []
    const channel = openChannel(
      loopOn(backend),
      {
        datagram(channel, data) {
          seen.push([data.length, channel.truncated])
          channel.reply()
        },
      },
      { maxDatagramBytes: 100 },
    )
    const peer = await UdpPeer.bind()
    const bytes = noise(1000)
    for (const length of [100, 101, 99, 1000]) await peer.send(bytes.subarray(0, length), portOf(channel))
    const received = await peer.awaitCount(4)
    expect(seen).toEqual([
      [100, false],
      [100, true],
      [99, false],
      [100, true],
    ])
    expect(received[3]).toEqual(bytes.subarray(0, 100))
    expect(channel.statistics()).toMatchObject({ received: 4, truncated: 2 })
  })

  it('knows who sent a datagram, and answers later by a copy of that', async () => {
    const peer = await UdpPeer.bind()
    const other = await UdpPeer.bind()
    const addresses: unknown[] = []
    const channel = openChannel(loopOn(backend), {
      datagram(channel) {
        const sender = channel.copySender()
        addresses.push(channel.sender, sender.address)
        expect(channel.isFrom(sender)).toBe(true)
        expect(channel.isFrom(channel.addressOf({ host: '127.0.0.1', port: other.port }))).toBe(false)
        expect(sender.equals(channel.addressOf({ host: '127.0.0.1', port: peer.port }))).toBe(true)
        setImmediate(() => channel.sendTo(Buffer.from('later'), sender))
      },
    })
    await peer.send('now', portOf(channel))
    expect((await peer.awaitCount(1)).map(String)).toEqual(['later'])
    const address = { family: 'IPv4', host: '127.0.0.1', port: peer.port }
    expect(addresses).toEqual([address, address])
  })

  it('forwards the bytes of a datagram to somebody else without copying them', async () => {
    const target = await UdpPeer.bind()
    const channel = openChannel(loopOn(backend), {
      datagram(channel, data) {
        const to = { host: '127.0.0.1', port: target.port }
        channel.sendTo(data, to)
        // A large part of it goes by reference too, and a small one as a copy.
        channel.sendTo(data.subarray(10, 900), to)
        channel.sendTo(data.subarray(10, 20), to)
      },
    })
    const peer = await UdpPeer.bind()
    const bytes = noise(1000)
    await peer.send(bytes, portOf(channel))
    const received = await target.awaitCount(3)
    expect(received).toEqual([bytes, bytes.subarray(10, 900), bytes.subarray(10, 20)])
  })

  it('answers with other bytes, or with those that it changed in place', async () => {
    const channel = openChannel(loopOn(backend), {
      datagram(channel, data) {
        channel.reply(Buffer.from('other bytes'))
        data.fill(0x78)
        channel.reply(data)
        channel.reply(data.subarray(0, 2))
        channel.reply(Buffer.alloc(0))
      },
    })
    const peer = await UdpPeer.bind()
    await peer.send('1234', portOf(channel))
    expect((await peer.awaitCount(4)).map(String)).toEqual(['other bytes', 'xxxx', 'xx', ''])
  })

  it('talks over Unix datagram sockets with python3, and removes its file', async () => {
    const path = join(folder, `${backend}.server`)
    const near = join(folder, `${backend}.python`)
    let sender: unknown
    let wasClosed = () => {}
    const closed = new Promise<void>((resolve) => {
      wasClosed = resolve
    })
    const channel = openChannel(
      loopOn(backend),
      {
        datagram(channel) {
          sender = channel.sender
          channel.reply()
        },
        close: () => wasClosed(),
      },
      { bind: { path } },
    )
    expect(channel.localAddress).toEqual({ family: 'Unix', path })
    const client = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[2])
s.settimeout(15)
for size in (0, 1, 5000, 60000):
    data = os.urandom(size)
    s.sendto(data, sys.argv[1])
    answer, sender = s.recvfrom(70000)
    assert answer == data and sender == sys.argv[1], (size, len(answer), sender)
`,
      path,
      near,
    )
    expect(await client.awaitExit(), client.errors).toBe(0)
    expect(sender).toEqual({ family: 'Unix', path: near })
    channel.close()
    await closed
    const again = openChannel(loopOn(backend), {}, { bind: { path } })
    expect(again.localAddress).toEqual({ family: 'Unix', path })
  })

  it('has nobody to answer where a Unix sender has no name, says so, and goes on', async () => {
    const path = join(folder, `${backend}.nameless`)
    const errors: unknown[] = []
    const senders: unknown[] = []
    const channel = openChannel(
      loopOn(backend),
      {
        datagram(channel, data) {
          senders.push(channel.sender)
          channel.reply(data)
        },
        error: (_, error) => errors.push(error),
      },
      { bind: { path } },
    )
    const client = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for i in range(3):
    s.sendto(b'from nobody', sys.argv[1])
`,
      path,
    )
    await once(client.process, 'close')
    const peer = python(PYTHON_UNIX_PING, path, join(folder, `${backend}.named`))
    expect(await peer.awaitExit(), peer.errors).toBe(0)
    expect(senders.slice(0, 3)).toEqual([undefined, undefined, undefined])
    expect(errors).toHaveLength(3)
    expect(errors[0]).toMatchObject({ syscall: 'send', datagrams: 1, bytes: 11 })
    expect(channel.statistics()).toMatchObject({ dropped: 3, errors: 3, received: 4, sent: 1 })
  })
})

const PYTHON_UNIX_PING = `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[2])
s.settimeout(15)
s.sendto(b'ping', sys.argv[1])
assert s.recv(100) == b'ping'
`
