// The calls that a program makes one by one, from a program that lies: nothing crashes, and each mistake has its answer.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, listenTcp, ok } from './support/server.js'

checkFds()

const bytes = new Uint8Array(8)
const { AF_UNIX, SOCK_STREAM } = constants

describe.each(BACKENDS)('the direct calls on %s', (backend) => {
  const fresh = () => new RawReactor(backend).native

  /** Every call on a handle, with arguments that are right. */
  const calls = (native: ReturnType<typeof fresh>, handle: number): Record<string, () => unknown> => ({
    describe: () => native.describe(handle),
    bindNow: () => native.bindNow(handle, '127.0.0.1', 0, 0),
    listenNow: () => native.listenNow(handle, 1),
    acceptNow: () => native.acceptNow(handle),
    connectNow: () => native.connectNow(handle, '/tmp/nobody', -1, 0),
    dissolveNow: () => native.dissolveNow(handle),
    shutdownNow: () => native.shutdownNow(handle, 0),
    sockatmark: () => native.sockatmark(handle),
    peerName: () => native.peerName(handle),
    recvNow: () => native.recvNow(handle, bytes, 0, 8, 0),
    recvfromNow: () => native.recvfromNow(handle, bytes, 0, 8, 0),
    readvNow: () => native.readvNow(handle, [bytes], [8], 0),
    sendNow: () => native.sendNow(handle, bytes, 0, 8, 0),
    sendtoNow: () => native.sendtoNow(handle, bytes, 0, 8, 0, '127.0.0.1', 9, 0),
    writevNow: () => native.writevNow(handle, [bytes], [8], 0),
    closeNow: () => native.closeNow(handle),
    detach: () => native.detach(handle),
  })

  it('are EBADF for a handle that is stale or never was, and for a socket that the reactor drives', () => {
    const reactor = new RawReactor(backend)
    const stale = ok(reactor.native.socket(AF_UNIX, SOCK_STREAM, 0))
    ok(reactor.native.closeNow(stale))
    const driven = listenTcp(reactor).listener
    for (const handle of [stale, 0, 2 ** 53 - 1, driven]) {
      for (const [name, call] of Object.entries(calls(reactor.native, handle))) {
        expect(errorOf(call() as number), name).toBe('EBADF')
      }
    }
    expect(reactor.native.fd(driven)).toBeGreaterThan(0)
  })

  it('are EBADF when the reactor is closed', () => {
    const native = fresh()
    const handle = ok(native.socket(AF_UNIX, SOCK_STREAM, 0))
    native.close()
    for (const [name, call] of Object.entries(calls(native, handle))) {
      expect(errorOf(call() as number), name).toBe('EBADF')
    }
    expect(errorOf(native.socketpair(AF_UNIX, SOCK_STREAM, 0) as number)).toBe('EBADF')
    expect(errorOf(native.adoptSocket(0))).toMatch(/^E(BADF|NOTSOCK)$/)
  })

  it('refuse arguments of wrong types and values', () => {
    const native = fresh() as unknown as Record<string, (...given: unknown[]) => unknown>
    const handle = native.socket(AF_UNIX, SOCK_STREAM, 0)
    for (const name of Object.keys(calls(fresh(), 0))) {
      expect(() => native[name](), name).toThrow(TypeError)
      expect(() => native[name](-1), name).toThrow(RangeError)
      expect(() => native[name]('1'), name).toThrow(TypeError)
    }
    for (const view of [null, undefined, 7, 'text', {}, [], new ArrayBuffer(8), new SharedArrayBuffer(8)]) {
      expect(() => native.recvNow(handle, view, 0, 0, 0)).toThrow(TypeError)
      expect(() => native.writevNow(handle, [view], [0], 0)).toThrow(TypeError)
    }
    for (const [offset, length] of [
      [0, 9],
      [8, 1],
      [2 ** 53 - 1, 1],
      [1, 2 ** 53 - 1],
    ]) {
      expect(() => native.recvNow(handle, bytes, offset, length, 0)).toThrow(/detached or shrunk/)
      expect(() => native.sendNow(handle, bytes, offset, length, 0)).toThrow(/detached or shrunk/)
    }
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => native.recvNow(handle, bytes, wrong, 0, 0)).toThrow(RangeError)
      expect(() => native.sendNow(handle, bytes, 0, wrong, 0)).toThrow(RangeError)
      expect(() => native.readvNow(handle, [bytes], [wrong], 0)).toThrow(RangeError)
      expect(() => native.readvNow(handle, [bytes], [8], wrong)).toThrow(RangeError)
    }
    expect(() => native.readvNow(handle, bytes, [8], 0)).toThrow(TypeError)
    expect(() => native.readvNow(handle, [bytes], undefined, 0)).toThrow(TypeError)
    expect(() => native.readvNow(handle, [bytes, bytes], [8], 0)).toThrow(RangeError)
    expect(() => native.readvNow(handle, [bytes], [9], 0)).toThrow(/detached or shrunk/)
    expect(() => native.bindNow(handle, '127.0.0.1', -2, 0)).toThrow(RangeError)
    expect(() => native.bindNow(handle, 7, -1, 0)).toThrow(TypeError)
    expect(errorOf(native.bindNow(handle, '127.0.0.1\0x', 1, 0) as number)).toBe('EINVAL')
    expect(errorOf(native.bindNow(handle, '/tmp/a\0b', -1, 0) as number)).toBe('EINVAL')
  })

  it('take memory as it is when all arguments were looked at, whatever a getter did meanwhile', () => {
    const native = fresh()
    const [one, other] = native.socketpair(AF_UNIX, SOCK_STREAM, 0) as [number, number]
    ok(native.sendNow(other, bytes, 0, 8, 0))
    const first = new Uint8Array(8)
    const views = [first, bytes]
    Object.defineProperty(views, 1, {
      get() {
        structuredClone(first.buffer, { transfer: [first.buffer] })
        return bytes
      },
    })
    expect(() => native.readvNow(one, views, [8, 8], 0)).toThrow(/detached or shrunk/)
    expect(native.recvNow(one, bytes, 0, 8, 0)).toBe(8)
    const throwing = Object.defineProperty([bytes], 0, {
      get() {
        throw new Error('mine')
      },
    })
    expect(() => native.writevNow(one, throwing, [8], 0)).toThrow()
  })

  it('give back the place of what is closed, though it was watched and its event is on its way', async () => {
    const reactor = new RawReactor(backend)
    const { native } = reactor
    const [one, other] = native.socketpair(AF_UNIX, SOCK_STREAM, 0) as [number, number]
    ok(native.watch(one, 1))
    ok(native.sendNow(other, bytes, 0, 8, 0))
    ok(native.closeNow(one))
    const [next, peer] = native.socketpair(AF_UNIX, SOCK_STREAM, 0) as [number, number]
    ok(native.watch(next, 1))
    ok(native.sendNow(peer, bytes, 0, 8, 0))
    await reactor.awaitEvent(next, 'READY')
    reactor.expectEvents(one, [])
    ok(native.closeNow(next))
    expect(errorOf(native.closeNow(next))).toBe('EBADF')
  })
})
