// What is passed may change: between two looks at it, and while a promise waits. What was checked is what is used.
import {
  AF_INET,
  AF_UNIX,
  EventLoop,
  POLLIN,
  POLLPRI,
  poll,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  SocketError,
  select,
  socket,
  socketpair,
} from '@pollux/core'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { seeds } from '../../../native-poll/test/support/random.js'
import { resizable } from '../support/wrong_values.js'

// The loop of this thread, and what it waits with, are there for good.
beforeAll(async () => {
  EventLoop.default()
  await poll([{ socket: 0, events: POLLPRI }], 1)
})
checkFds()

let near: Socket
let far: Socket
let udp: Socket
beforeEach(() => {
  ;[near, far] = socketpair(AF_UNIX, SOCK_STREAM)
  udp = socket(AF_INET, SOCK_DGRAM)
})
afterEach(() => {
  for (const each of [near, far, udp]) each.close()
})

/** An object whose fields have the values of `readings`, one after the other; the last one stays. */
function shifty(readings: Record<string, unknown[]>): never {
  const object = {}
  for (const [name, values] of Object.entries(readings)) {
    Object.defineProperty(object, name, {
      get: () => (values.length > 1 ? values.shift() : values[0]),
      enumerable: true,
    })
  }
  return object as never
}

describe('an address that changes between two looks', () => {
  const HOSTS = fc.constantFrom<unknown>('127.0.0.1', '::1', 'x', '', 5, null, undefined, Symbol('host'))
  const PORTS = fc.constantFrom<unknown>(0, 9, -1, 70_000, Number.NaN, '9', null, undefined)
  const PATHS = fc.constantFrom<unknown>('/nowhere/at/all', '', 'a\0b', 5, null, undefined, Symbol('path'))
  const readings = (values: fc.Arbitrary<unknown>) => fc.array(values, { minLength: 1, maxLength: 4 })

  it(`is taken as it was at first, or refused (POLLUX_SEED=${seeds(1)[0]})`, () => {
    const address = fc.oneof(
      fc.record({ host: readings(HOSTS), port: readings(PORTS) }),
      fc.record({ path: readings(PATHS) }),
    )
    fc.assert(
      fc.property(address, fc.constantFrom('bind', 'tryConnect', 'trySendto'), (fields, call) => {
        using each = socket(AF_INET, SOCK_DGRAM)
        const args = call === 'trySendto' ? [Buffer.alloc(1), 0, shifty(fields)] : [shifty(fields)]
        try {
          Reflect.apply(each[call as 'bind'], each, args)
        } catch (error) {
          expectOurs(error)
        }
      }),
      { numRuns: 2000, seed: seeds(1)[0], interruptAfterTimeLimit: 5000 },
    )
  })

  it('is what the error speaks of', () => {
    udp.bind({ host: '127.0.0.1', port: 0 })
    const { port } = udp.getsockname() as { port: number }
    using other = socket(AF_INET, SOCK_DGRAM)
    const address = shifty({ host: ['127.0.0.1', 5], port: [port, 'nothing'] })
    expect(() => other.bind(address)).toThrow(`bind 127.0.0.1:${port}: `)
  })

  it('while a promise waits has no say', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_DGRAM)
    const address = { path: '/nowhere/at/all' }
    using sender = socket(AF_UNIX, SOCK_DGRAM)
    const sending = sender.sendto(Buffer.alloc(1), 0, address)
    Object.assign(address, { path: 5 })
    await expect(sending).rejects.toThrow('sendto /nowhere/at/all: ')
    one.close()
    other.close()
  })
})

describe('memory that shrinks while a promise waits', () => {
  it.each([
    ['recv', (view: Uint8Array) => near.recv(view)],
    ['recvfrom', (view: Uint8Array) => near.recvfrom(view)],
    ['readv', (view: Uint8Array) => near.readv([Buffer.alloc(1), view])],
    ['recvmsg', (view: Uint8Array) => near.recvmsg({ buffers: [view] })],
  ])('is not written to (%s), and what came is still there', async (_, receive) => {
    const buffer = resizable(64 * 1024)
    const waiting = receive(new Uint8Array(buffer, 100, 60_000))
    buffer.resize(10)
    await far.send(Buffer.from('hello'))
    await expect(waiting).rejects.toThrow(/detached or shrunk/)
    expect(await near.recv(Buffer.alloc(10))).toBe(5)
  })

  it('is not sent', async () => {
    while (typeof near.trySend(Buffer.alloc(100_000)) === 'number');
    const buffer = resizable(64 * 1024)
    const waiting = near.send(new Uint8Array(buffer, 100, 60_000))
    buffer.resize(10)
    while (typeof far.tryRecv(Buffer.alloc(1 << 20)) === 'number');
    await expect(waiting).rejects.toThrow(/detached or shrunk/)
  })
})

describe('an array that changes while a promise waits', () => {
  it('is taken as it was', async () => {
    const buffers = [Buffer.alloc(2), Buffer.alloc(2)]
    const [first] = buffers
    const waiting = near.readv(buffers)
    buffers[0] = 'nothing' as never
    buffers.length = 0
    await far.send(Buffer.from('abc'))
    expect(await waiting).toBe(3)
    expect(first.toString()).toBe('ab')
  })

  it('of entries of poll is taken as it was', async () => {
    const entries = [{ socket: near, events: POLLIN }]
    const waiting = poll(entries)
    entries[0].socket = far
    entries.push(null as never)
    await far.send(Buffer.alloc(1))
    expect(await waiting).toMatchObject([{ socket: near, events: POLLIN, revents: POLLIN }])
  })

  it('of sockets of select is taken as it was', async () => {
    const read = new Set([near])
    const waiting = select({ read })
    read.clear()
    await far.send(Buffer.alloc(1))
    expect((await waiting).read).toEqual([near])
  })
})

describe('a signal that breaks while a promise waits', () => {
  const half = {
    aborted: false,
    throwIfAborted() {},
    addEventListener() {
      throw new RangeError('no more listeners')
    },
    removeEventListener() {},
  } as unknown as AbortSignal

  it('ends the call, which then takes nothing of what comes', async () => {
    await expect(near.recv(Buffer.alloc(8), 0, { signal: half })).rejects.toThrow('no more listeners')
    await far.send(Buffer.from('x'))
    expect(await near.recv(Buffer.alloc(8), 0, { timeoutMs: 5000 })).toBe(1)
  })

  it('ends a call of poll, which leaves nothing behind', async () => {
    await expect(poll([{ socket: near, events: POLLIN }], -1, { signal: half })).rejects.toThrow(
      'no more listeners',
    )
    await far.send(Buffer.from('x'))
    expect(await poll([{ socket: near, events: POLLIN }], 5000)).toMatchObject([{ revents: POLLIN }])
  })
})

function expectOurs(error: unknown) {
  const kinds = [TypeError, RangeError, SocketError]
  expect(
    kinds.some((kind) => error instanceof kind),
    String(error),
  ).toBe(true)
  expect((error as Error).message).not.toMatch(/^Cannot |is not a function/)
}
