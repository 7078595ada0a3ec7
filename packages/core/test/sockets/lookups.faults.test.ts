// Look-ups that fail, that hang, that are given up: each is settled once, each list is freed once, and nothing that
// nobody waits for keeps anybody waiting.
import { setMaxListeners } from 'node:events'
import {
  ErrorCode,
  getaddrinfo,
  gethostbyaddr,
  gethostbyname,
  getnameinfo,
  if_indextoname,
  if_nametoindex,
  SocketError,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { callCounts, clearFaults, inject, release } from '../../../native-poll/test/support/faults.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { Random, seeds } from '../../../native-poll/test/support/random.js'
import { binding, constants } from '../../../native-poll/test/support/raw_reactor.js'

checkFds()
clearFaults()

/** kMaxLookupThreads of native/names/lookup_threads.h. */
const MOST_AT_ONCE = 16

// Every list that a test was given, it has given back.
let expectedLists = 0
afterEach(async () => {
  await eventually('every list to be freed', () => callCounts().freeaddrinfo === expectedLists)
  expectedLists = 0
})

const failureOf = (call: Promise<unknown>): Promise<SocketError> =>
  call.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  )

/** For more calls than Node.js thinks usual. */
function sharedController(): AbortController {
  const control = new AbortController()
  setMaxListeners(0, control.signal)
  return control
}

const began = (count: number) =>
  eventually(`${count} look-ups to begin`, () => callCounts().getaddrinfo === count)

describe('a look-up that fails', () => {
  const CODES = ['AGAIN', 'BADFLAGS', 'FAIL', 'FAMILY', 'MEMORY', 'NONAME', 'SERVICE', 'SOCKTYPE', 'OVERFLOW']
  const CALLS = [
    ['getaddrinfo', () => getaddrinfo('localhost', 80)],
    ['getnameinfo', () => getnameinfo({ host: '127.0.0.1', port: 80 })],
  ] as const

  describe.each(CALLS)('in %s', (name, call) => {
    it.each(CODES)('with EAI_%s says so', async (short) => {
      const code = `EAI_${short}`
      inject({ call: name, error: code })
      const error = await failureOf(call())
      expect(error).toBeInstanceOf(SocketError)
      expect(error).toMatchObject({ code, errno: constants[code], syscall: name })
      expect(error.message).toContain(`(${code})`)
      expect(error.cause).toBeUndefined()
    })

    it('with EAI_SYSTEM has the error of the system call as its cause', async () => {
      inject({ call: name, error: 'EMFILE' })
      const error = await failureOf(call())
      expect(error).toMatchObject({ code: 'EAI_SYSTEM', errno: constants.EAI_SYSTEM, syscall: name })
      expect(error.cause).toBeInstanceOf(SocketError)
      expect(error.cause).toMatchObject({ code: 'EMFILE', errno: -binding.errorNumber('EMFILE') })
      expect(error.message).toMatch(/too many open files \(EAI_SYSTEM, EMFILE\)$/)
    })

    it('for a signal is made again', async () => {
      inject({ call: name, error: 'EINTR', times: 3 })
      await call()
      expect(callCounts()[name]).toBe(4)
      if (name === 'getaddrinfo') expectedLists = 1
    })
  })

  // The build without gethostbyname_r does both by the newer calls.
  const LEGACY = [
    ['gethostbyname', 'getaddrinfo', () => gethostbyname('localhost')],
    ['gethostbyaddr', 'getnameinfo', () => gethostbyaddr('127.0.0.1')],
  ] as const

  describe.each(LEGACY)('in %s', (name, instead, call) => {
    it.each([
      ['HOST_NOT_FOUND', 'EAI_NONAME'],
      ['TRY_AGAIN', 'EAI_AGAIN'],
      ['NO_RECOVERY', 'EAI_FAIL'],
      ['NO_DATA', 'EAI_ADDRFAMILY'],
    ])('with %s says so', async (code, eai) => {
      inject({ call: name, error: code })
      inject({ call: instead, error: eai })
      const error = await failureOf(call())
      expect(error).toBeInstanceOf(SocketError)
      expect(error).toMatchObject({ code, errno: constants[code], syscall: name })
      expect(error.message).toContain(`(${code})`)
    })

    it('with NETDB_INTERNAL has the error of the system call as its cause', async () => {
      inject({ call: name, error: 'EMFILE' })
      inject({ call: instead, error: 'EMFILE' })
      const error = await failureOf(call())
      expect(error).toMatchObject({ code: 'NETDB_INTERNAL', syscall: name })
      expect(error.cause).toMatchObject({ code: 'EMFILE' })
      expect(error.message).toContain('(NETDB_INTERNAL, EMFILE)')
    })

    it('for a signal is made again', async () => {
      inject({ call: name, error: 'EINTR', times: 3 })
      inject({ call: instead, error: 'EINTR', times: 3 })
      await call()
      expectedLists = callCounts().getaddrinfo > 0 ? 1 : 0
    })

    it(
      'for want of memory grows it, within a limit',
      needs(binding.backends.includes('epoll'), 'a build with the calls of Linux'),
      async () => {
        inject({ call: name, error: 'ERANGE', times: 3 })
        await call()
        expect(callCounts()[name]).toBe(4)
        inject({ call: name, error: 'ERANGE', times: 1000 })
        const error = await failureOf(call())
        expect(error.cause).toMatchObject({ code: 'ERANGE' })
        expect(callCounts()[name]).toBeLessThan(20)
      },
    )
  })

  it('in if_nametoindex and if_indextoname too', () => {
    inject({ call: 'if_nametoindex', error: 'EMFILE' })
    inject({ call: 'if_indextoname', error: 'EMFILE' })
    expect(() => if_nametoindex('lo')).toThrow(expect.objectContaining({ code: 'EMFILE', address: 'lo' }))
    expect(() => if_indextoname(1)).toThrow(expect.objectContaining({ code: 'EMFILE' }))
    inject({ call: 'if_nametoindex', error: 'EINTR', times: 3 })
    inject({ call: 'if_indextoname', error: 'EINTR', times: 3 })
    expect(if_nametoindex(if_indextoname(1))).toBe(1)
  })
})

describe('a look-up that hangs', () => {
  const reason = new Error('given up')

  it('is aborted at once, and frees its list when it ends', async () => {
    inject({ call: 'getaddrinfo', hold: true })
    const control = new AbortController()
    const call = getaddrinfo('localhost', 80, {}, { signal: control.signal })
    await began(1)
    control.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(callCounts().freeaddrinfo).toBe(0)
    release()
    expectedLists = 1
  })

  it('takes no longer than timeoutMs', async () => {
    inject({ call: 'getaddrinfo', hold: true })
    const error = await failureOf(getaddrinfo('localhost', 80, {}, { timeoutMs: 1 }))
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({
      code: ErrorCode.TIMEOUT,
      address: 'localhost',
      port: 80,
      syscall: 'getaddrinfo',
    })
    expect(error.message).toBe('getaddrinfo localhost:80: not done after 1 ms (ERR_POLLUX_TIMEOUT)')
    release()
    // The limit may have come before the look-up.
    expectedLists = callCounts().getaddrinfo
  })

  it.each([
    ['getnameinfo', 'getnameinfo', (timeoutMs) => getnameinfo({ host: '::1', port: 80 }, 0, { timeoutMs })],
    ['gethostbyname', 'getaddrinfo', (timeoutMs) => gethostbyname('localhost', { timeoutMs })],
    ['gethostbyaddr', 'getnameinfo', (timeoutMs) => gethostbyaddr('127.0.0.1', { timeoutMs })],
  ] as [string, string, (timeoutMs: number) => Promise<unknown>][])(
    'in %s takes no longer than timeoutMs either',
    async (name, instead, call) => {
      for (const held of new Set([name, instead])) inject({ call: held, hold: true })
      expect(await failureOf(call(0))).toMatchObject({ code: ErrorCode.TIMEOUT, syscall: name })
      release()
      expectedLists = callCounts().getaddrinfo
    },
  )

  it('holds up nobody else', async () => {
    inject({ call: 'getaddrinfo', hold: true, times: MOST_AT_ONCE - 1 })
    const slow = Array.from({ length: MOST_AT_ONCE - 1 }, () => getaddrinfo('localhost', 80))
    await began(slow.length)
    await getaddrinfo('localhost', 80)
    release()
    await Promise.all(slow)
    expectedLists = MOST_AT_ONCE
  })

  it('lets later ones wait, and those that are aborted meanwhile never begin', async () => {
    inject({ call: 'getaddrinfo', hold: true, times: MOST_AT_ONCE })
    const first = Array.from({ length: MOST_AT_ONCE }, () => getaddrinfo('localhost', 80))
    await began(MOST_AT_ONCE)
    const control = sharedController()
    const later = Array.from({ length: 100 }, () =>
      getaddrinfo('localhost', 80, {}, { signal: control.signal }),
    )
    const last = getaddrinfo('localhost', 80)
    control.abort(reason)
    for (const outcome of await Promise.allSettled(later)) expect(outcome).toMatchObject({ reason })
    release()
    await Promise.all([...first, last])
    expect(callCounts().getaddrinfo).toBe(MOST_AT_ONCE + 1)
    expectedLists = MOST_AT_ONCE + 1
  })

  it('is aborted together with all others of its signal, and the next one works', async () => {
    inject({ call: 'getaddrinfo', hold: true, times: MOST_AT_ONCE })
    const control = sharedController()
    const calls = Array.from({ length: 500 }, () =>
      getaddrinfo('localhost', 80, {}, { signal: control.signal }),
    )
    await began(MOST_AT_ONCE)
    control.abort(reason)
    for (const outcome of await Promise.allSettled(calls)) expect(outcome).toMatchObject({ reason })
    release()
    await getaddrinfo('localhost', 80)
    expectedLists = MOST_AT_ONCE + 1
  })
})

describe('a thousand look-ups', () => {
  it.each(seeds(3))('free what they were given, however they end (POLLUX_SEED=%i)', async (seed) => {
    const random = new Random(seed)
    const [failures, latest] = [100, 400]
    for (let i = 0; i < failures; ++i) {
      inject({
        call: 'getaddrinfo',
        error: random.pick(['EAI_AGAIN', 'EMFILE']),
        after: random.below(latest),
      })
    }
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 1000; ++i) {
      const control = new AbortController()
      const abort = () => control.abort()
      calls.push(getaddrinfo('localhost', 80, {}, { signal: control.signal }))
      random.pick([
        () => {},
        () => {},
        abort,
        () => setImmediate(abort),
        () => setTimeout(abort, random.below(3)),
      ])()
      if (random.below(20) === 0) await Promise.allSettled(calls)
    }
    const outcomes = await Promise.allSettled(calls)
    const names = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : 'found'))
    expect(new Set(names)).toEqual(new Set(['found', 'AbortError', 'SocketError']))

    // Until every rule has had its call.
    while (callCounts().getaddrinfo < latest + failures) await getaddrinfo('localhost', 80).catch(() => {})
    expectedLists = callCounts().getaddrinfo - failures
  })
})
