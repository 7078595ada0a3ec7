// The native calls for messages, called as nobody should: they throw, or refuse, and touch nothing.
import { UNIX_PORT } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { binding, constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok } from './support/server.js'

checkFds()

const backend = BACKENDS[0]
const view = () => Buffer.from('four')

function pair(rows = 256) {
  const reactor = new RawReactor(backend, { rows })
  const ends = reactor.native.socketpair(constants.AF_UNIX, constants.SOCK_STREAM, 0)
  if (typeof ends === 'number') throw new Error(errorOf(ends))
  return { reactor, native: reactor.native, near: ends[0], far: ends[1] }
}

const WRONG_LISTS: [string, unknown[]][] = [
  ['a kind that there is not', [13, 1, 1, 1, 1]],
  ['a negative kind', [-1, 1]],
  ['a kind that is text', ['1', [1]]],
  ['descriptors that are a number', [1, 3]],
  ['a descriptor that is text', [1, ['3']]],
  ['a descriptor of no whole number', [1, [0.5]]],
  ['a descriptor beyond an int', [1, [2 ** 31]]],
  ['a TTL that is nothing', [5]],
  ['a TTL beyond all numbers', [5, Number.POSITIVE_INFINITY]],
  ['an address that is a number', [3, 0, 1]],
  ['an address with a NUL byte', [3, 0, '1.2.3.4\0']],
  ['an IPv4 address for IPv6', [4, 0, '1.2.3.4']],
  ['data that is text', [0, 1, 1, 'data']],
  ['a list that is a string', 'list' as unknown as unknown[]],
  ['nothing where the kind should be', [undefined, 1]],
]

describe('sendmsgNow', () => {
  it.each(WRONG_LISTS)('throws for %s', (_what, list) => {
    const { native, near } = pair()
    expect(() => native.sendmsgNow(near, [view()], [4], 0, list, 0)).toThrow()
  })

  it('refuses what the kernel has no room for, before it copies it', () => {
    const { native, near } = pair()
    const send = (list: unknown[]) => errorOf(native.sendmsgNow(near, [view()], [4], 0, list, 0))
    expect(send([0, 1, 1, new Uint8Array(2 ** 30)])).toBe('ENOBUFS')
    expect(send(Array.from({ length: 5 * 100_000 }, (_, i) => [5, 1, 0, 0, 0][i % 5]))).toBe('ENOBUFS')
    expect(send([11, 65_536])).toBe('EINVAL')
    expect(send([9, 1, 1])).toBe('ENOTSUP')
    expect(() => send([1, new Array(2 ** 24)])).toThrow()
  })

  it('holds no pointer into memory that a getter detaches on the way', () => {
    const { native, near, far } = pair()
    const buffer = new Uint8Array(1 << 20)
    const trap = [1, [0]]
    Object.defineProperty(trap, 1, {
      get: () => {
        structuredClone(buffer.buffer, { transfer: [buffer.buffer] })
        return []
      },
    })
    expect(() => native.sendmsgNow(near, [buffer], [1 << 20], 0, trap, 0)).toThrow(TypeError)
    expect(errorOf(native.recvmsgNow(far, [view()], [4], 0, 0, 0) as number)).toBe('EAGAIN')
  })

  it('throws for views and lengths that do not go together', () => {
    const { native, near } = pair()
    for (const [views, lengths] of [
      [[view()], [5]],
      [[view()], []],
      [[view()], ['4']],
      [['four'], [4]],
      [view(), [4]],
      [[view()], [2 ** 60]],
    ] as [never, never][]) {
      expect(() => native.sendmsgNow(near, views, lengths, 0, undefined, 0)).toThrow()
      expect(() => native.recvmsgNow(near, views, lengths, 0, 0, 0)).toThrow()
    }
  })
})

describe('recvmsgNow', () => {
  it('takes nothing while there are fewer slots than descriptors may come', () => {
    const { reactor, native, near, far } = pair(4)
    const fd = native.fd(near)
    ok(native.sendmsgNow(near, [view()], [4], 0, [1, [fd, fd, fd]], 0))
    const receive = () => native.recvmsgNow(far, [view()], [4], 0, binding.controlSpace(12), 0)
    expect(errorOf(receive() as number)).toBe('ENFILE')
    reactor.lendWhatIsAsked()
    const received = receive()
    if (typeof received === 'number') throw new Error(errorOf(received))
    const handles = received[3][1] as number[]
    expect(handles.length).toBe(3)
    for (const handle of handles) expect(native.fd(handle)).toBeGreaterThan(2)
    for (const handle of handles) expect(native.closeNow(handle)).toBe(0)
    for (const handle of handles) expect(errorOf(native.closeNow(handle))).toBe('EBADF')
  })

  it('gives descriptors that the end of the reactor closes', () => {
    const { native, near, far } = pair()
    const fd = native.fd(near)
    ok(native.sendmsgNow(near, [view()], [4], 0, [1, [fd, fd, fd]], 0))
    const received = native.recvmsgNow(far, [view()], [4], 0, 1000, 0)
    if (typeof received === 'number') throw new Error(errorOf(received))
    expect(received[3][1]).toEqual(Array(3).fill(expect.any(Number)))
    // checkFds() looks whether they are.
    native.close()
    expect(errorOf(native.recvmsgNow(far, [view()], [4], 0, 1000, 0) as number)).toBe('EBADF')
  })

  it('throws for room that is none', () => {
    const { native, near } = pair()
    for (const room of [-1, 0.5, 2 ** 21, Number.NaN, '8', undefined]) {
      expect(() => native.recvmsgNow(near, [view()], [4], 0, room as number, 0)).toThrow(/controlBytes/)
    }
  })
})

describe('sendmmsgNow and recvmmsgNow', () => {
  const stride = (maxBytes: number) => Math.ceil((160 + maxBytes) / 32) * 32
  const calls: ('sendmmsgNow' | 'recvmmsgNow')[] = ['sendmmsgNow', 'recvmmsgNow']

  it.each(calls)('%s throws for a part that is not within its memory', (call) => {
    const { native, near } = pair()
    const buffer = new ArrayBuffer(4 * stride(100))
    for (const [memory, maxBytes, start, count] of [
      [buffer, 100, 0, 5],
      [buffer, 100, 4, 1],
      [buffer, 100, -1, 1],
      [buffer, 100, 0, 0],
      [buffer, 100, 0, -1],
      [buffer, 2 ** 24, 0, 1],
      [buffer, 2 ** 32, 0, 1],
      [buffer, 100, 65_535, 65_535],
      [buffer, 100, 2 ** 32, 1],
      [buffer, 0.5, 0, 1],
      [new Uint8Array(buffer), 100, 0, 1],
      [new SharedArrayBuffer(1000), 100, 0, 1],
      [undefined, 100, 0, 1],
    ] as [ArrayBuffer, number, number, number][]) {
      expect(() => native[call](near, memory, maxBytes, start, count, 0)).toThrow()
    }
    expect(() => native[call](near, buffer, 100, 0, 1, 0.5)).toThrow()
    structuredClone(buffer, { transfer: [buffer] })
    expect(() => native[call](near, buffer, 100, 0, 1, 0)).toThrow()
  })

  it.each(calls)('%s knows a stale handle', (call) => {
    const { native, near } = pair()
    native.closeNow(near)
    expect(errorOf(native[call](near, new ArrayBuffer(stride(1)), 1, 0, 1, 0))).toBe('EBADF')
  })

  it('takes at most as many as the kernel does in one call', () => {
    const { native, near, far } = pair()
    const many = new ArrayBuffer(2000 * stride(0))
    const datagrams = native.socketpair(constants.AF_UNIX, constants.SOCK_DGRAM, 0) as [number, number]
    const sent = ok(native.sendmmsgNow(datagrams[0], many, 0, 0, 2000, 0))
    expect(sent).toBeLessThanOrEqual(1024)
    expect(native.recvmmsgNow(datagrams[1], many, 0, 0, 2000, 0)).toBe(sent)
    native.closeNow(near)
    native.closeNow(far)
  })
})

describe('encodeAddress and decodeAddress', () => {
  it('throw for what is outside of their memory', () => {
    const buffer = new ArrayBuffer(128)
    expect(binding.encodeAddress(buffer, 0, '127.0.0.1', 1, 0)).toBe(16)
    expect(binding.decodeAddress(buffer, 0, 16)).toMatchObject({ address: '127.0.0.1', port: 1 })
    expect(() => binding.encodeAddress(buffer, 1, '127.0.0.1', 1, 0)).toThrow(RangeError)
    expect(() => binding.decodeAddress(buffer, 120, 16)).toThrow(RangeError)
    expect(() => binding.decodeAddress(buffer, 0, 129)).toThrow(RangeError)
    expect(() => binding.encodeAddress(undefined as never, 0, '127.0.0.1', 1, 0)).toThrow(TypeError)
    for (const wrong of [[1, 0, 0], ['::1', -2, 0], ['::1', 65_536, 0], ['::1', 0, -1], ['::1']]) {
      expect(() => binding.encodeAddress(buffer, 0, ...(wrong as [string, number, number]))).toThrow(
        /must be/,
      )
    }
  })

  it('refuse an address that is none', () => {
    const buffer = new ArrayBuffer(128)
    for (const text of ['', 'localhost', '1.2.3', '127.0.0.1\0', '::1\0', '127.0.0.1:80']) {
      expect(errorOf(binding.encodeAddress(buffer, 0, text, 1, 0)), text).toBe('EINVAL')
    }
    expect(errorOf(binding.encodeAddress(buffer, 0, 'x'.repeat(200), UNIX_PORT, 0))).toBe('ENAMETOOLONG')
  })

  it('use the kernel’s own layout', () => {
    const round = (address: string, port: number, scopeId = 0) => {
      const buffer = new ArrayBuffer(130)
      return binding.decodeAddress(buffer, 2, binding.encodeAddress(buffer, 2, address, port, scopeId))
    }
    const { sockaddr_in, sockaddr_in6 } = binding.optionLayouts
    const buffer = new ArrayBuffer(128)
    expect(binding.encodeAddress(buffer, 0, '127.0.0.1', 80, 0)).toBe(sockaddr_in.bytes)
    expect(binding.encodeAddress(buffer, 0, '::1', 80, 0)).toBe(sockaddr_in6.bytes)
    expect(round('10.1.2.3', 4567)).toEqual({ family: 'IPv4', address: '10.1.2.3', port: 4567, scopeId: 0 })
    expect(round('fe80::1', 1, 7)).toMatchObject({ address: 'fe80::1', port: 1, scopeId: 7 })
    expect(round('/tmp/somewhere', UNIX_PORT)).toEqual({ family: 'Unix', path: '/tmp/somewhere' })
  })

  it('know a family that there are no words for, and no address at all', () => {
    const buffer = new ArrayBuffer(128)
    expect(binding.decodeAddress(buffer, 0, 0)).toBe(undefined)
    new Uint8Array(buffer).fill(0x7f)
    for (let length = 1; length <= 128; length++) {
      expect(errorOf(binding.decodeAddress(buffer, 0, length) as number)).toBe('EAFNOSUPPORT')
    }
  })
})
