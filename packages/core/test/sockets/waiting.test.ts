// What all promise forms have in common: order, signals, timeouts, and handlers that call again.
import { AF_UNIX, MSG_PEEK, SOCK_STREAM, socketpair, type WaitOptions } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { iteration } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { failure, fill, freshLoop, readToEnd, rejection, tcpPair } from '../support/sockets.js'

checkFds()

describe.each(BACKENDS)('waiting on %s', (backend) => {
  const at = freshLoop(backend)
  const pair = () => socketpair(AF_UNIX, SOCK_STREAM, 0, at)

  it('keeps the order of what was asked, in each direction by itself', async () => {
    const { client, server } = await tcpPair(at.loop)
    const messages = Array.from({ length: 20 }, (_, index) => noise(100_000 + index))
    const sent: number[] = []
    const sending = messages.map((message, index) =>
      (index % 2 ? client.send(message) : client.writev([message.subarray(0, 7), message.subarray(7)])).then(
        () => sent.push(index),
      ),
    )
    // While those wait, the other direction is free.
    const answer = client.recv(Buffer.alloc(2))
    await server.send(Buffer.from('ok'))
    expect(await answer).toBe(2)
    const received = readToEnd(server)
    await Promise.all(sending)
    client.shutdown(1)
    expectSameBytes(await received, Buffer.concat(messages))
    expect(sent).toEqual(messages.map((_, index) => index))
  })

  it('gives each byte to who asked first', async () => {
    const [one, other] = pair()
    const buffers = Array.from({ length: 5 }, () => Buffer.alloc(1))
    const receiving = buffers.map((buffer, index) => (index === 2 ? one.read(buffer) : one.recv(buffer)))
    await other.send(Buffer.from('abc'))
    await Promise.all(receiving.slice(0, 3))
    // There is something to receive now, and nobody has been told yet: whoever asks now is still behind.
    other.trySend(Buffer.from('def'))
    buffers.push(Buffer.alloc(1))
    receiving.push(one.recv(buffers[5]))
    await Promise.all(receiving)
    expect(Buffer.concat(buffers).toString('latin1')).toBe('abcdef')
  })

  it('a promise is settled, so that its successor can be asked for in its handler', async () => {
    const [one, other] = pair()
    const seen: string[] = []
    const buffer = Buffer.alloc(1)
    const loop = (left: number): Promise<void> =>
      one.recv(buffer).then(() => {
        seen.push(buffer.toString('latin1'))
        return left > 1 ? loop(left - 1) : undefined
      })
    const done = loop(5)
    for (const byte of 'abcde') {
      await other.send(Buffer.from(byte))
      await iteration()
    }
    await done
    expect(seen.join('')).toBe('abcde')
  })

  it('a handler may close the very socket, and others', async () => {
    const [one, other] = pair()
    const [third, fourth] = pair()
    const closing = one.recv(Buffer.alloc(1)).then(() => {
      one.close()
      third.close()
    })
    const also = rejection(one.recv(Buffer.alloc(1)))
    const another = rejection(third.recv(Buffer.alloc(1)))
    other.trySend(Buffer.from('x'))
    await closing
    expect(await also).toEqual(failure('ERR_POLLUX_CLOSED', 'recv'))
    expect(await another).toEqual(failure('ERR_POLLUX_CLOSED', 'recv'))
    fourth.close()
  })

  it('ends with the reason of its signal, before, during and never after', async () => {
    const [one, other] = pair()
    const buffer = Buffer.alloc(9)
    const reason = { any: 'value' }
    await expect(one.recv(buffer, 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    // Even though it would not have to wait.
    await other.send(Buffer.from('x'))
    await expect(one.recv(buffer, 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    expect(await one.recv(buffer, 0, { signal: controller.signal })).toBe(1)
    const first = one.recv(buffer, 0, { signal: controller.signal })
    const second = one.recv(buffer)
    controller.abort(reason)
    await expect(first).rejects.toBe(reason)
    await other.send(Buffer.from('for the second'))
    expect(await second).toBe(9)
    controller.abort('again')
    expect(
      await rejection(
        one
          .recv(buffer, 0, { signal: AbortSignal.timeout(1) })
          .then(() => one.recv(buffer, 0, { signal: AbortSignal.timeout(1) })),
      ),
    ).toMatchObject({ name: 'TimeoutError' })
  })

  it('one signal may end many', async () => {
    const [one] = pair()
    const controller = new AbortController()
    const waiting = Array.from({ length: 50 }, () =>
      rejection(one.recv(Buffer.alloc(1), 0, { signal: controller.signal })),
    )
    controller.abort('enough')
    expect(await Promise.all(waiting)).toEqual(Array(50).fill('enough'))
  })

  it('a signal that ends the head does not end who is settled by that', async () => {
    const [one, other] = pair()
    const { signal, ...controller } = abortable()
    // An empty send need not wait: it is done when the head is out of its way.
    const first = rejection(one.send(Buffer.alloc(20_000_000), 0, { signal }))
    const behind = one.send(new Uint8Array(0), 0, { signal })
    const last = one.recv(Buffer.alloc(1))
    controller.abort()
    await first
    expect(await behind.catch((error) => error)).toSatisfy((value) => value === 0 || value === signal.reason)
    await other.send(Buffer.from('x'))
    expect(await last).toBe(1)
  })

  it('ends after timeoutMs, and the next in the queue goes on', async () => {
    const [one, other] = pair()
    const buffer = Buffer.alloc(9)
    const error = await rejection(one.recv(buffer, 0, { timeoutMs: 10 }))
    expect(error).toEqual(
      failure('ERR_POLLUX_TIMEOUT', 'recv', {
        message: 'recv: not done within 10 ms (ERR_POLLUX_TIMEOUT)',
      }),
    )
    expect(error).not.toHaveProperty('errno')
    await expect(one.recv(buffer, 0, { timeoutMs: 0 })).rejects.toEqual(failure('ERR_POLLUX_TIMEOUT'))
    const first = rejection(one.recv(buffer, 0, { timeoutMs: 1 }))
    const second = one.recv(buffer, 0, { timeoutMs: 60_000 })
    expect(await first).toEqual(failure('ERR_POLLUX_TIMEOUT'))
    await other.send(Buffer.from('x'))
    expect(await second).toBe(1)
    expect(await one.recv(buffer, MSG_PEEK, { timeoutMs: 1 }).catch((late) => late.code)).toBe(
      'ERR_POLLUX_TIMEOUT',
    )
  })

  it('says how much a timeout left behind', async () => {
    const [one, other] = pair()
    const data = Buffer.alloc(10_000_000)
    const error = await rejection(one.send(data, 0, { timeoutMs: 5 }))
    const { bytesTransferred } = error as { bytesTransferred: number }
    expect(error).toEqual(failure('ERR_POLLUX_TIMEOUT', 'send'))
    one.close()
    expect((await readToEnd(other)).length).toBe(bytesTransferred)
  })

  it('is not disturbed by who looks at the socket meanwhile', async () => {
    const [one, other] = pair()
    const buffer = Buffer.alloc(9)
    const waiting = one.recv(buffer)
    await other.send(Buffer.from('first'))
    // It may be faster than the promise, which then goes on waiting.
    const taken = one.tryRecv(Buffer.alloc(9))
    if (typeof taken === 'number') await other.send(Buffer.from('second'))
    expect(await waiting).toBeGreaterThan(0)
  })

  it('a full socket is written to as soon as there is room, however often', async () => {
    const { client, server } = await tcpPair(at.loop)
    let total = fill(client)
    const reading = (async () => {
      let seen = 0
      const buffer = Buffer.alloc(30_000)
      for (;;) {
        const bytes = await server.recv(buffer)
        if (bytes === 0) return seen
        seen += bytes
      }
    })()
    for (let i = 0; i < 50; i++) total += await client.send(Buffer.alloc(100_000))
    client.close()
    expect(await reading).toBe(total)
  })

  it('refuses options that are none', async () => {
    const [one] = pair()
    const bad: [unknown, RegExp][] = [
      ['x', /"options"/],
      [null, /"options"/],
      [{ timeoutMs: -1 }, /timeoutMs/],
      [{ timeoutMs: 1.5 }, /timeoutMs/],
      [{ timeoutMs: '10' }, /timeoutMs/],
      [{ timeoutMs: Number.POSITIVE_INFINITY }, /timeoutMs/],
      [{ timeoutMs: 2 ** 31 }, /timeoutMs/],
      [{ signal: {} }, /AbortSignal/],
      [{ signal: null }, /AbortSignal/],
    ]
    for (const [options, words] of bad) {
      await expect(one.recv(Buffer.alloc(1), 0, options as WaitOptions)).rejects.toThrow(words)
      await expect(one.accept(options as WaitOptions)).rejects.toThrow(words)
    }
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort('ended') }
}
