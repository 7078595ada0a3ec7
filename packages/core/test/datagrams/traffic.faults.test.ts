// The kernel does with recvmmsg and sendmmsg what it rarely does: nothing is lost that need not be, and what is
// lost is counted and reported.
import type { DatagramChannel, DatagramError, DatagramOptions } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, inject } from '../../../native-poll/test/support/faults.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { leaveNothingBehind, loopOn, OFFLOAD, openChannel, portOf, UdpPeer } from './support/datagrams.js'

leaveNothingBehind()
clearFaults()

const COUNT = 50
const texts = (from = 0) => Array.from({ length: COUNT }, (_, i) => `datagram ${from + i}`)

/** Sends datagrams to an echo and expects all of them back, in order. */
async function exchange(
  backend: (typeof BACKENDS)[number],
  faults: Parameters<typeof inject>[0][],
  gso = false,
) {
  const errors: DatagramError[] = []
  const channel = openChannel(
    loopOn(backend),
    { error: (_, error) => errors.push(error as DatagramError) },
    { gso },
  )
  const peer = await UdpPeer.bind()
  for (const fault of faults) inject(fault)
  await Promise.all(texts().map((text) => peer.send(text, portOf(channel))))
  return { errors, channel, peer }
}

describe.each(BACKENDS)('with faults on %s', (backend) => {
  it.each([
    [{ call: 'recvmmsg', error: 'EINTR', times: 3 }],
    [{ call: 'recvmmsg', error: 'EAGAIN' }],
    [{ call: 'recvmmsg', error: 'ENOMEM', times: 2 }],
    [{ call: 'recvmmsg', error: 'ENOBUFS' }],
    [{ call: 'recvmmsg', maxBytes: 1, times: 20 }],
    [{ call: 'recvmmsg', maxBytes: 7, times: 20 }],
    [{ call: 'sendmmsg', error: 'EINTR', times: 3 }],
    [{ call: 'sendmmsg', error: 'EAGAIN' }],
    [{ call: 'sendmmsg', error: 'EAGAIN', times: 5 }],
    [{ call: 'sendmmsg', error: 'ENOBUFS', times: 4 }],
    [{ call: 'sendmmsg', error: 'EAGAIN', after: 2, times: 3 }],
    [{ call: 'sendmmsg', maxBytes: 1, times: 60 }],
    [{ call: 'sendmmsg', maxBytes: 3, times: 60 }],
  ])('%j loses nothing and keeps the order, with segments and without', async (fault) => {
    for (const gso of [true, false]) {
      const { errors, peer, channel } = await exchange(backend, [fault], gso)
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      expect(errors).toEqual([])
      expect(channel.queuedBytes).toBe(0)
      expect(channel.loop.counter('backlogBytes')).toBe(0)
      expect(channel.statistics()).toMatchObject({ received: COUNT, sent: COUNT, dropped: 0 })
    }
  })

  it('a part that is sent, then a full buffer, then the rest', async () => {
    const faults = [
      { call: 'sendmmsg', maxBytes: 5 },
      { call: 'sendmmsg', error: 'EAGAIN', times: 3 },
      { call: 'sendmmsg', maxBytes: 2, times: 3 },
    ]
    const { errors, peer } = await exchange(backend, faults)
    expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
    expect(errors).toEqual([])
  })

  it.each(['EMSGSIZE', 'EPERM', 'EINVAL', 'EACCES'])('%s of one datagram costs that one', async (error) => {
    const { errors, peer, channel } = await exchange(backend, [{ call: 'sendmmsg', error }])
    const received = await peer.awaitCount(COUNT - 1)
    expect(received.map(String)).toEqual(texts().slice(1))
    expect(errors).toEqual([
      expect.objectContaining({ code: error, syscall: 'send', datagrams: 1, bytes: 10, port: peer.port }),
    ])
    expect(channel.statistics()).toMatchObject({ received: COUNT, sent: COUNT - 1, dropped: 1, errors: 1 })
  })

  it.each(['ECONNREFUSED', 'EHOSTUNREACH'])(
    '%s on the way out may be about an earlier one: it is sent',
    async (error) => {
      const { errors, peer, channel } = await exchange(backend, [{ call: 'sendmmsg', error }])
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      expect(errors).toEqual([expect.objectContaining({ code: error, datagrams: 0 })])
      expect(channel.statistics()).toMatchObject({ sent: COUNT, dropped: 0 })
    },
  )

  it('ECONNREFUSED twice is about this one', async () => {
    const { errors, peer } = await exchange(backend, [{ call: 'sendmmsg', error: 'ECONNREFUSED', times: 2 }])
    expect((await peer.awaitCount(COUNT - 1)).map(String)).toEqual(texts().slice(1))
    expect(errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED', datagrams: 1 })])
  })

  it.each(['ECONNREFUSED', 'EHOSTUNREACH', 'EPROTO'])(
    '%s on the way in is reported, and no datagram is lost',
    async (error) => {
      const { errors, peer } = await exchange(backend, [{ call: 'recvmmsg', error }])
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      expect(errors).toEqual([expect.objectContaining({ code: error, syscall: 'recv', datagrams: 0 })])
    },
  )

  it('a failure that is the socket’s own ends the channel, once', async () => {
    const errors: unknown[] = []
    const closed = new Promise<void>((resolve) => {
      const channel = openChannel(loopOn(backend), {
        error: (_, error) => errors.push(error),
        close: () => resolve(),
      })
      inject({ call: 'recvmmsg', error: 'EBADF' })
      channel.sendTo(Buffer.from('x'), channel.localAddress)
    })
    await closed
    expect(errors).toEqual([expect.objectContaining({ code: 'EBADF', syscall: 'recv' })])
  })

  it.each(['EINVAL', 'EIO'])(
    '%s for segments has them leave one by one, and no more of that size in one',
    needs(OFFLOAD, 'UDP_SEGMENT'),
    async (error) => {
      const { errors, peer, channel } = await exchange(backend, [{ call: 'sendmmsg', error }], true)
      // As many as one message had; those of 10 bytes and of 11 are two messages.
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      expect(errors).toEqual([])
      expect(channel.loop.counter('segmentRefusals')).toBe(1)
      expect(callCounts().sendmsg).toBe(10)
      expect(channel.statistics()).toMatchObject({ sent: COUNT, dropped: 0, gso: error !== 'EIO' })
    },
  )

  it('a kernel without segments gets every datagram by itself', needs(OFFLOAD, 'UDP_SEGMENT'), async () => {
    // The first asks for the type of the socket.
    inject({ call: 'getsockopt', error: 'ENOPROTOOPT', after: 1 })
    const { errors, peer, channel } = await exchange(backend, [], true)
    expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
    expect(errors).toEqual([])
    expect(channel.loop.counter('segmentedSends')).toBe(0)
    expect(channel.statistics()).toMatchObject({ sent: COUNT, gso: false })
  })

  it(
    'segments that wait in the queue are cut when they are refused',
    needs(OFFLOAD, 'UDP_SEGMENT'),
    async () => {
      const faults = [
        { call: 'sendmmsg', error: 'EAGAIN' },
        { call: 'sendmmsg', error: 'EINVAL' },
        { call: 'sendmsg', error: 'EAGAIN', after: 4 },
      ]
      const { errors, peer, channel } = await exchange(backend, faults, true)
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      expect(errors).toEqual([])
      expect(channel.loop.counter('backlogBytes')).toBe(0)
      expect(channel.statistics()).toMatchObject({ sent: COUNT, dropped: 0 })
    },
  )

  describe('segments', needs(OFFLOAD, 'UDP_SEGMENT'), () => {
    /** A channel that sends so many datagrams of each size to one peer, in one turn. */
    async function sending(options: DatagramOptions = {}) {
      const peer = await UdpPeer.bind()
      const errors: DatagramError[] = []
      const error = (_: DatagramChannel, failure: unknown) => errors.push(failure as DatagramError)
      const channel = openChannel(loopOn(backend), { error }, options)
      const send = (count: number, ...sizes: number[]) => {
        const all = sizes.flatMap((size) => Array.from({ length: count }, (_, i) => Buffer.alloc(size, i)))
        for (const bytes of all) channel.sendTo(bytes, { host: '127.0.0.1', port: peer.port })
        return all
      }
      return { peer, errors, channel, send }
    }

    it.each(['EINVAL', 'EIO'])(
      'of a size that %s refused are not tried again, whatever came after',
      async (error) => {
        const { peer, errors, channel, send } = await sending()
        inject({ call: 'sendmmsg', error })
        inject({ call: 'sendmmsg', error: 'EINVAL' })
        const sent = send(3, 300, 400)
        expect(await peer.awaitCount(6)).toEqual(sent)
        // Nor with a shorter one at their end.
        sent.push(...send(3, 300), ...send(1, 200))
        expect(await peer.awaitCount(10)).toEqual(sent)
        expect(errors).toEqual([])
        expect(channel.loop.counter('segmentRefusals')).toBe(2)
        expect(channel.loop.counter('segmentedSends')).toBe(0)
      },
    )

    it('to where no datagram goes leave the others as they are', async () => {
      const { peer, errors, channel, send } = await sending()
      inject({ call: 'sendmmsg', error: 'EINVAL' })
      inject({ call: 'sendmsg', error: 'EINVAL', times: 3 })
      send(3, 300)
      await eventually('three errors', () => errors.length === 3)
      for (const error of errors) expect(error).toMatchObject({ code: 'EINVAL', datagrams: 1, bytes: 300 })
      const sent = send(3, 300)
      expect(await peer.awaitCount(3)).toEqual(sent)
      expect(channel.loop.counter('segmentRefusals')).toBe(0)
      expect(channel.loop.counter('segmentedSends')).toBe(1)
    })

    it('cut because they are refused lose nothing to an error about an earlier one', async () => {
      const { peer, errors, send } = await sending()
      inject({ call: 'sendmmsg', error: 'EINVAL' })
      inject({ call: 'sendmsg', error: 'ECONNREFUSED', after: 1 })
      const sent = send(3, 300)
      expect(await peer.awaitCount(3)).toEqual(sent)
      expect(errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED', datagrams: 0 })])
    })

    it('that fail are told by their number and the size of the first', async () => {
      const { errors, send } = await sending()
      inject({ call: 'sendmmsg', error: 'EPERM' })
      send(5, 300)
      await eventually('the error', () => errors.length > 0)
      expect(errors).toEqual([expect.objectContaining({ code: 'EPERM', datagrams: 5, bytes: 300 })])
    })

    it('fill the queue to its last place, and only the others are dropped', async () => {
      // Of an entry the queue counts the address, too, and 64 bytes.
      const { peer, errors, channel, send } = await sending({ maxQueuedBytes: 64 + 16 + 950 })
      inject({ call: 'sendmmsg', error: 'EAGAIN', times: 2 })
      const sent = send(20, 100)
      expect(await peer.awaitCount(9)).toEqual(sent.slice(0, 9))
      expect(errors).toEqual([
        expect.objectContaining({ code: 'ERR_POLLUX_QUEUE_FULL', datagrams: 11, bytes: 100 }),
      ])
      expect(channel.statistics()).toMatchObject({ sent: 9, dropped: 11 })
      expect(channel.loop.counter('backlogBytes')).toBe(0)
    })
  })

  it('an error about an earlier one is told where the next has to wait', async () => {
    const faults = [
      { call: 'sendmmsg', error: 'ECONNREFUSED' },
      { call: 'sendmmsg', error: 'EAGAIN' },
    ]
    const { errors, peer } = await exchange(backend, faults)
    expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
    expect(errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED', datagrams: 0 })])
  })

  it(
    'a poller that fails is told by open, or ends the channel',
    needs(backend === 'epoll', 'epoll'),
    async () => {
      inject({ call: 'epoll_ctl', error: 'ENOMEM' })
      expect(() => openChannel(loopOn(backend))).toThrow(expect.objectContaining({ code: 'ENOMEM' }))
      // Into the set, out of it while there is much to do, and back, which fails.
      const { errors, peer, channel } = await exchange(backend, [
        { call: 'epoll_ctl', error: 'ENOSPC', after: 1 },
      ])
      expect((await peer.awaitCount(COUNT)).map(String)).toEqual(texts())
      await eventually('the channel to close', () => channel.statistics() === undefined)
      expect(errors).toEqual([expect.objectContaining({ code: 'ENOSPC', syscall: 'poll' })])
    },
  )
})
