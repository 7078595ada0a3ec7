// Messages when the kernel does what it rarely does: interrupts, takes or gives a part, runs out of memory.
import { DatagramBatch, MSG_WAITALL, SOCK_DGRAM, WOULD_BLOCK } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { callCounts, clearFaults, forget, inject } from '../../../native-poll/test/support/faults.js'
import { checkFds, openFds } from '../../../native-poll/test/support/leaks.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { done, nextMessage, receiveFds, sendFds, unixPair } from '../support/messages.js'
import { failure, freshLoop, rejection } from '../support/sockets.js'

checkFds()
clearFaults()

/** Whether a batch is one system call here, or one for each datagram. */
const hasBatches = () => 'sendmmsg' in callCounts()
const sendCall = () => (hasBatches() ? 'sendmmsg' : 'sendmsg')
const receiveCall = () => (hasBatches() ? 'recvmmsg' : 'recvmsg')

function batchOf(count: number, maxBytes = 100): DatagramBatch {
  const batch = new DatagramBatch({ capacity: count, maxBytes })
  for (let i = 0; i < count; i++) batch.push(Buffer.from(`datagram ${i}`))
  return batch
}

const texts = (batch: DatagramBatch) =>
  Array.from({ length: batch.count }, (_, i) => batch.data(i).toString())

const expected = (count: number) => Array.from({ length: count }, (_, i) => `datagram ${i}`)

describe.each(BACKENDS)('messages under faults on %s', (backend) => {
  const at = freshLoop(backend)

  it('are asked for again when a signal interrupts', () => {
    const [near, far] = unixPair(at)
    inject({ call: 'sendmsg', error: 'EINTR', times: 3 })
    inject({ call: 'recvmsg', error: 'EINTR', times: 3 })
    forget()
    inject({ call: 'sendmsg', error: 'EINTR', times: 3 })
    inject({ call: 'recvmsg', error: 'EINTR', times: 3 })
    expect(sendFds(near, [near])).toBe(1)
    const { fds, bytes } = receiveFds(far, 1)
    expect([bytes, fds.length]).toEqual([1, 1])
    expect(callCounts()).toMatchObject({ sendmsg: 4, recvmsg: 4 })
    fds[0].close()
  })

  it('go byte by byte if they must, and their descriptors once', async () => {
    const [near, far] = unixPair(at)
    inject({ call: 'sendmsg', maxBytes: 1, times: 1000 })
    const data = noise(150)
    const control = [{ type: 'SCM_RIGHTS', fds: [near] } as const]
    expect(await near.sendmsg({ data: [data.subarray(0, 100), data.subarray(100)], control })).toBe(150)
    const first = receiveFds(far, 1)
    expect([first.bytes, first.fds.length]).toEqual([1, 1])
    first.fds[0].close()
    inject({ call: 'recvmsg', maxBytes: 7, times: 1000 })
    const buffers = [Buffer.alloc(99), Buffer.alloc(50)]
    const rest = await far.recvmsg({ buffers, controlBytes: 100 }, MSG_WAITALL)
    expect(rest).toMatchObject({ bytes: 149, control: [] })
    expectSameBytes(Buffer.concat(buffers), data.subarray(1))
  })

  it('wait where the kernel says EAGAIN, whatever the poller said', async () => {
    const [near, far] = unixPair(at)
    inject({ call: 'sendmsg', error: 'EAGAIN', times: 2 })
    expect(await near.sendmsg({ data: Buffer.from('hello') })).toBe(5)
    inject({ call: 'recvmsg', error: 'EAGAIN', times: 2 })
    expect((await nextMessage(far)).text).toBe('hello')
  })

  it.each(['ENOBUFS', 'ENOMEM', 'ECONNRESET'])('are rejected with %s as it comes', async (error) => {
    const [near, far] = unixPair(at)
    inject({ call: 'sendmsg', error })
    expect(() => near.trySendmsg({ data: Buffer.from('x') })).toThrow(failure(error, 'sendmsg'))
    inject({ call: 'recvmsg', error, after: 1 })
    const waiting = rejection(far.recvmsg({ buffers: Buffer.alloc(1) }))
    near.trySendmsg({ data: Buffer.from('x') })
    expect(await waiting).toEqual(failure(error, 'recvmsg'))
  })

  it('with too many descriptors under way say so', () => {
    const [near] = unixPair(at)
    inject({ call: 'sendmsg', error: 'ETOOMANYREFS' })
    expect(() => sendFds(near, [near])).toThrow(/ETOOMANYREFS.*under way/)
  })

  it('without room for their descriptors leave no descriptor behind', () => {
    const [near, far] = unixPair(at)
    sendFds(near, [near, near])
    const before = openFds().length
    inject({ call: 'recvmsg', error: 'EMFILE' })
    expect(() => receiveFds(far, 2)).toThrow(failure('EMFILE', 'recvmsg'))
    expect(openFds().length).toBe(before)
    for (const fd of receiveFds(far, 2).fds) fd.close()
  })

  it('in a batch that is cut short are all sent, once, in order', async () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    if (hasBatches()) inject({ call: 'sendmmsg', maxBytes: 2, times: 100 })
    else inject({ call: 'sendmsg', error: 'EAGAIN', after: 3, times: 2 })
    const batch = batchOf(7)
    expect(await near.sendmmsg(batch)).toBe(7)
    const received = batchOf(20)
    expect(far.tryRecvmmsg(received)).toBe(7)
    expect(texts(received)).toEqual(expected(7))
    if (hasBatches()) expect(callCounts()).toMatchObject({ sendmmsg: 4, recvmmsg: 1, sendmsg: 0, recvmsg: 0 })
  })

  it('in a batch are sent again when a signal interrupts', () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    inject({ call: sendCall(), error: 'EINTR', times: 2 })
    inject({ call: receiveCall(), error: 'EINTR', times: 2 })
    expect(near.trySendmmsg(batchOf(3))).toBe(3)
    const received = batchOf(5)
    expect(far.tryRecvmmsg(received)).toBe(3)
    expect(texts(received)).toEqual(expected(3))
  })

  it('in a batch behind one that fails wait for the next call', async () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    const batch = batchOf(5)
    if (hasBatches()) inject({ call: 'sendmmsg', maxBytes: 2 })
    inject({ call: sendCall(), error: 'ENOBUFS', after: hasBatches() ? 1 : 2 })
    // Where a batch is a call for each datagram, those before the failing one are a success by themselves.
    if (hasBatches()) {
      const refused = failure('ENOBUFS', 'sendmmsg', { datagramsSent: 2 })
      expect(() => near.trySendmmsg(batch)).toThrow(refused)
      expect(batch.sent).toBe(2)
    }
    expect(await near.sendmmsg(batch)).toBe(hasBatches() ? 3 : 5)
    expect(batch.sent).toBe(5)
    const received = batchOf(9)
    expect(far.tryRecvmmsg(received)).toBe(5)
    expect(texts(received)).toEqual(expected(5))
  })

  it('in a batch that would block in the midst are a result, and would-block comes next', () => {
    const [near] = unixPair(at, SOCK_DGRAM)
    const batch = batchOf(5)
    if (hasBatches()) inject({ call: 'sendmmsg', maxBytes: 3 })
    inject({ call: sendCall(), error: 'EAGAIN', after: hasBatches() ? 1 : 3, times: 2 })
    expect(near.trySendmmsg(batch)).toBe(3)
    expect(hasBatches() ? near.trySendmmsg(batch) : WOULD_BLOCK).toBe(WOULD_BLOCK)
    expect(done(near.trySendmmsg(batch))).toBe(2)
  })

  it('that were received before an error count, and the error comes with the next call', () => {
    const [near, far] = unixPair(at, SOCK_DGRAM)
    near.trySendmmsg(batchOf(3))
    const received = batchOf(3)
    received.clear()
    // recvmmsg(2) keeps it at the socket by itself; the loop that stands in for it does so too.
    if (hasBatches()) inject({ call: 'recvmmsg', maxBytes: 2 })
    inject({ call: receiveCall(), error: 'ECONNREFUSED', after: hasBatches() ? 1 : 2 })
    expect(far.tryRecvmmsg(received)).toBe(2)
    expect(() => far.tryRecvmmsg(received)).toThrow(failure('ECONNREFUSED', 'recvmmsg'))
    expect(texts(received)).toEqual(expected(2))
    expect(far.tryRecvmmsg(received)).toBe(1)
    expect(texts(received)).toEqual(['datagram 2'])
    expect(far.tryRecvmmsg(received)).toBe(WOULD_BLOCK)
  })
})
