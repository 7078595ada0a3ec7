// Several datagrams in one, in and out (UDP_GRO, UDP_SEGMENT), against python3, which sets both by number.
import type { DatagramChannel } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  leaveNothingBehind,
  loopOn,
  OFFLOAD,
  openChannel,
  portOf,
  python,
  UdpPeer,
} from './support/datagrams.js'

leaveNothingBehind()

// udp(7): the numbers of Linux, which python3 has no names for.
const PYTHON_SEGMENTS = `
UDP_SEGMENT, UDP_GRO = 103, 104
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(15)
size, total = int(sys.argv[3]), int(sys.argv[4])
s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
data = os.urandom(total)
s.send(data)
answer = b''
sizes = []
while len(answer) < total:
    part = s.recv(70000)
    sizes.append(len(part))
    answer += part
assert answer == data
wanted = [size] * (total // size) + ([total % size] if total % size else [])
assert sizes == wanted, (sizes, wanted)
print('done')
`

describe.each(BACKENDS)('segments on %s', (backend) => {
  describe('where the kernel has them', needs(OFFLOAD, 'UDP_SEGMENT'), () => {
    it.each([
      [1200, 64_800],
      [1200, 64_801 - 1200],
      [1000, 2500],
      [100, 6400],
    ])('of %i bytes, %i in all, arrive in one and are answered each', async (size, total) => {
      const seen: [number, number][] = []
      const channel = openChannel(
        loopOn(backend),
        {
          segments(channel, data, segmentBytes) {
            seen.push([data.length, segmentBytes])
            channel.reply()
          },
        },
        { gro: true, gso: true },
      )
      const client = python(PYTHON_SEGMENTS, '127.0.0.1', portOf(channel), size, total)
      expect(await client.awaitExit(), client.errors).toBe(0)
      expect(seen).toEqual([[total, size]])
      const count = Math.ceil(total / size)
      expect(channel.statistics()).toMatchObject({ received: count, sent: count, gro: true, gso: true })
      expect(channel.loop.counter('segmentedReceives')).toBe(1)
      expect(channel.loop.counter('segmentedSends')).toBe(1)
    })

    it('come one by one where there is no handler for them, and leave in one', async () => {
      const lengths: number[] = []
      const channel = openChannel(
        loopOn(backend),
        {
          datagram(channel, data) {
            lengths.push(data.length)
            channel.reply(data)
          },
        },
        { gro: true, gso: true },
      )
      const client = python(PYTHON_SEGMENTS, '127.0.0.1', portOf(channel), 700, 7200)
      expect(await client.awaitExit(), client.errors).toBe(0)
      expect(lengths).toEqual([...Array(10).fill(700), 200])
      expect(channel.loop.counter('segmentedSends')).toBe(1)
    })

    it('are answered one by one where gso is off', async () => {
      const channel = openChannel(loopOn(backend), { segments: (c) => c.reply() }, { gro: true, gso: false })
      const client = python(PYTHON_SEGMENTS, '127.0.0.1', portOf(channel), 700, 7200)
      expect(await client.awaitExit(), client.errors).toBe(0)
      expect(channel.loop.counter('segmentedSends')).toBe(0)
      expect(channel.statistics()).toMatchObject({ received: 11, sent: 11, gso: false })
    })

    it('that throw in the midst cost one datagram', async () => {
      let count = 0
      const errors: unknown[] = []
      const channel = openChannel(
        loopOn(backend),
        {
          datagram(channel) {
            if (++count === 3) throw new Error('third')
            channel.reply()
            if (count === 6) channel.close()
          },
          error: (_, error) => errors.push(error),
        },
        { gro: true },
      )
      const sender = python(
        `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 103, 100)
s.settimeout(15)
s.sendto(b'x' * 1000, ('127.0.0.1', int(sys.argv[1])))
for i in range(5): assert s.recv(2000) == b'x' * 100
`,
        portOf(channel),
      )
      expect(await sender.awaitExit(), sender.errors).toBe(0)
      expect([count, errors.map(String)]).toEqual([6, ['Error: third']])
    })

    it('leave in one call where they follow each other to one place with one size', async () => {
      const [one, two] = await Promise.all([UdpPeer.bind(), UdpPeer.bind()])
      const channel = openChannel(loopOn(backend))
      const to = (peer: UdpPeer) => ({ host: '127.0.0.1', port: peer.port })
      const send = (bytes: Buffer, peer: UdpPeer) => {
        channel.sendTo(bytes, to(peer))
        return bytes
      }
      const first: Buffer[] = []
      // 64 are the most of one message; the shorter one ends a message; an empty one is always alone.
      for (let i = 0; i < 65; i++) first.push(send(noise(500), one))
      first.push(send(noise(20), one), send(noise(500), one), send(Buffer.alloc(0), one))
      const second = [send(noise(500), two), send(noise(500), two)]
      first.push(send(noise(501), one))
      expect(await one.awaitCount(first.length)).toEqual(first)
      expect(await two.awaitCount(second.length)).toEqual(second)
      // 64 to one; the 65th with the shorter one; two to the other.
      expect(channel.loop.counter('segmentedSends')).toBe(3)
      expect(channel.statistics()).toMatchObject({ sent: first.length + 2, dropped: 0 })
    })

    it('too large for the way leave one by one, from then on at once', async () => {
      const peer = await UdpPeer.bind()
      const channel = openChannel(loopOn(backend), {}, { sendBufferBytes: 1 << 20 })
      const to = { host: '127.0.0.1', port: peer.port }
      // What the loopback's 65,536 bytes cannot hold together is never joined.
      const large = [noise(40_000), noise(40_000), noise(40_000)]
      for (const bytes of large) channel.sendTo(bytes, to)
      expect(await peer.awaitCount(3)).toEqual(large)
      expect(channel.loop.counter('segmentedSends')).toBe(0)
    })
  })

  it('given as one are cut, whether the system has segments or not', async () => {
    const peer = await UdpPeer.bind()
    for (const gso of [false, true]) {
      const channel: DatagramChannel = openChannel(loopOn(backend), {}, { gso, gro: gso })
      const bytes = noise(1050)
      const before = peer.received.length
      channel.sendTo(bytes, { host: '127.0.0.1', port: peer.port }, 100)
      const received = (await peer.awaitCount(before + 11)).slice(before)
      expect(received.map(({ length }) => length)).toEqual([...Array(10).fill(100), 50])
      expect(Buffer.concat(received)).toEqual(bytes)
      expect(channel.statistics()).toMatchObject({ sent: 11, gso: gso && OFFLOAD, gro: gso && OFFLOAD })
    }
  })

  it('are answered to many senders at once, past every batch', async () => {
    const channel = openChannel(
      loopOn(backend),
      { segments: (channel) => channel.reply() },
      // The kernel keeps all of them until the loop looks.
      { gro: true, gso: true, receiveBufferBytes: 1 << 20 },
    )
    const peers = await Promise.all(Array.from({ length: 5 }, () => UdpPeer.bind()))
    const sent = peers.map(() => Array.from({ length: 40 }, () => noise(300)))
    await Promise.all(
      peers.flatMap((peer, nth) => sent[nth].map((bytes) => peer.send(bytes, portOf(channel)))),
    )
    for (const [nth, peer] of peers.entries()) expect(await peer.awaitCount(40)).toEqual(sent[nth])
  })
})
