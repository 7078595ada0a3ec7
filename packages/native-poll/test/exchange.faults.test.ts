// Every system call of a scripted exchange fails once, at each of its steps, in each way that kernels have.
// What can be done again loses nothing; what cannot is one ERROR and one CLOSED.
import type { BackendName, FaultRule } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { clearFaults, countCalls, forget, inject } from './support/faults.js'
import { checkFds } from './support/leaks.js'
import { noise } from './support/peer.js'
import { errno, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, connectTcp, listenTcp, portOf } from './support/server.js'

checkFds()
clearFaults()

const REQUEST = noise(30_000)
const REPLY = noise(50_000)

type Call = FaultRule['call']
const WAITS: Record<BackendName, Call> = { epoll: 'epoll_wait', poll: 'poll', select: 'select' }

/** What may happen at any time, and loses nothing. */
const HARMLESS: [Call, Omit<FaultRule, 'call'>[]][] = [
  [
    'recv',
    [
      { error: 'EAGAIN' },
      { error: 'EINTR' },
      { error: 'EINTR', times: 5 },
      { maxBytes: 1 },
      { maxBytes: 9999 },
    ],
  ],
  [
    'send',
    [{ error: 'EAGAIN' }, { error: 'EINTR' }, { error: 'ENOBUFS' }, { maxBytes: 1 }, { maxBytes: 777 }],
  ],
  [
    'sendmsg',
    [{ error: 'EAGAIN' }, { error: 'EINTR' }, { error: 'ENOBUFS' }, { maxBytes: 1 }, { maxBytes: 29_999 }],
  ],
  [
    'accept',
    ['EAGAIN', 'EINTR', 'ECONNABORTED', 'ECONNRESET', 'EPROTO', 'EPERM'].map((error) => ({ error })),
  ],
  ['accept', ['ENOBUFS', 'ENOMEM'].map((error) => ({ error }))],
  ['connect', [{ error: 'EINTR' }, { error: 'EINTR', times: 3 }]],
  ['close', [{ error: 'EINTR' }, { error: 'EIO' }]],
]

/** What ends the socket that it happens to. */
const FATAL: [Call, string[]][] = [
  ['recv', ['ECONNRESET', 'ETIMEDOUT', 'ENOMEM', 'EHOSTUNREACH']],
  ['send', ['ECONNRESET', 'EPIPE', 'ENOMEM', 'ENETDOWN']],
  ['sendmsg', ['ECONNRESET', 'EPIPE']],
  ['shutdown', ['EIO', 'ENOBUFS']],
]

describe.each(BACKENDS)('an exchange on %s', (backend) => {
  it('makes every call that is injected below', async () => {
    const counts = await countCalls(async () => expectWhole(await exchange(backend)))
    for (const [call] of [...HARMLESS, ...FATAL]) expect(counts[call], call).toBeGreaterThan(0)
    expect(counts[WAITS[backend]]).toBeGreaterThan(0)
  })

  const harmless = HARMLESS.flatMap(([call, faults]) => faults.map((fault) => ({ call, ...fault })))
  const interruptedWait = { call: WAITS[backend], error: 'EINTR' }
  it.each([...harmless, interruptedWait])(
    'loses nothing to $call: $error $maxBytes, at every step',
    async (rule) => {
      const steps = await stepsOf(rule.call)
      for (let after = 0; after < steps; ++after) {
        forget()
        inject({ ...rule, after })
        expectWhole(await exchange(backend))
      }
    },
  )

  const fatal = FATAL.flatMap(([call, errors]) => errors.map((error) => ({ call, error })))
  it.each(fatal)(
    'is ended by $call: $error in one ERROR and one CLOSED, at every step',
    async ({ call, error }) => {
      const steps = await stepsOf(call)
      for (let after = 0; after < steps; ++after) {
        forget()
        inject({ call, error, after })
        const { reactor, client, server } = await exchange(backend)
        for (const socket of [client, server]) {
          const ending = reactor.summary(socket).filter((name) => name === 'ERROR' || name === 'CLOSED')
          expect([['CLOSED'], ['ERROR', 'CLOSED']]).toContainEqual(ending)
          expect(reactor.summary(socket).at(-1)).toBe('CLOSED')
        }
        // The other end may hear of it, as a reset of its own.
        const [first, ...others] = reactor.log.filter(({ name }) => name === 'ERROR').map(({ a }) => a)
        expect(first).toBe(errno(error))
        for (const each of others) expect([errno('ECONNRESET'), errno('EPIPE')]).toContain(each)
        expect(reactor.counter('openSockets')).toBe(1)
        expect(reactor.counter('backlogBytes')).toBe(0)
      }
    },
  )

  it('of which every single call is short or put off still loses nothing', async () => {
    for (const call of ['recv', 'send', 'sendmsg']) {
      inject({ call, maxBytes: 501, times: 100_000 })
    }
    for (let after = 0; after < 60; after += 3) {
      inject({ call: 'recv', error: 'EAGAIN', after })
      inject({ call: 'send', error: 'EAGAIN', after })
      inject({ call: 'accept', error: 'EAGAIN', after })
    }
    expectWhole(await exchange(backend))
  })

  async function stepsOf(call: Call): Promise<number> {
    const counts = await countCalls(() => exchange(backend))
    // Waits depend on timing; the first ones are those of the script.
    return Math.min(counts[call], 12)
  }
})

/**
 * Both ends in one reactor, so that every step is ours to break: the client connects, writes a request in two
 * pieces and half-closes; the server answers when it has heard the end, and closes; the client closes then.
 */
async function exchange(backend: BackendName) {
  const reactor = new RawReactor(backend)
  const { listener } = listenTcp(reactor)
  const client = connectTcp(reactor, portOf(reactor, listener))
  reactor.handler = ({ name, socket, a }) => {
    if (name === 'CONNECT' && a === 0) {
      reactor.write(client, REQUEST.subarray(0, 10_000))
      reactor.write(client, REQUEST.subarray(10_000))
      reactor.submit('END', client)
    } else if (name === 'CONNECT' || name === 'ERROR') {
      reactor.submit('DESTROY', socket)
    } else if (name === 'END' && socket !== client) {
      reactor.native.write(socket, REPLY)
      reactor.submit('CLOSE', socket)
    } else if (name === 'END') {
      reactor.submit('CLOSE', socket)
    }
  }
  const server = await reactor.awaitAccept(listener)
  await reactor.awaitEvent(client, 'CLOSED')
  await reactor.awaitEvent(server, 'CLOSED')
  return { reactor, client, server }
}

function expectWhole({ reactor, client, server }: Awaited<ReturnType<typeof exchange>>) {
  reactor.expectEvents(client, ['CONNECT', 'FINISH', 'DATA', 'END', 'CLOSED'])
  reactor.expectEvents(server, ['DATA', 'END', 'CLOSED'])
  expect(reactor.bytesOf(server).equals(REQUEST)).toBe(true)
  expect(reactor.bytesOf(client).equals(REPLY)).toBe(true)
  expect(reactor.counter('backlogBytes')).toBe(0)
  reactor.native.close()
}
