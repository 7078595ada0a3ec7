// What is no option, no value, or not to be had: an error that names it, and nothing else.
import { EventLoop, SOCKET_OPTIONS, type Socket, socket } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { binding, constants } from '../../../native-poll/test/support/raw_reactor.js'
import { ALL_CASES } from './option_cases.js'

checkFds()
afterEach(() => EventLoop.default().close())

const { AF_INET, SOCK_STREAM, SOCK_DGRAM } = constants
const tcp = () => socket(AF_INET, SOCK_STREAM)

/** The calls without their types. */
interface Untyped {
  getsockopt(level?: unknown, name?: unknown, maxBytes?: unknown): unknown
  setsockopt(level?: unknown, name?: unknown, value?: unknown): void
}
const untyped = (socket: Socket) => socket as unknown as Untyped

/** What is no value of the type of `right`, for certain. */
function wrongValues(right: unknown): unknown[] {
  switch (typeof right) {
    case 'boolean':
      return [1, 0, 'true', null, undefined, {}, Symbol('x'), 1n]
    case 'number':
      return ['1', true, null, undefined, Number.NaN, 1.5, -2, 2 ** 32, Number.POSITIVE_INFINITY, {}, 1n]
    case 'string':
      return [1, null, undefined, 'a\0b', 'x'.repeat(64), {}, Buffer.from('lo')]
    default: {
      const whole = Object.entries(right as object)
      const broken = whole.flatMap(([key, value]) =>
        wrongValues(value)
          // An optional member may be missing.
          .filter((wrong) => wrong !== undefined || !/^interface/.test(key))
          // Not every number that is no int is out of an index's range, nor is null other than missing.
          .filter((wrong) => wrong !== null || !/^interface/.test(key))
          .map((wrong) => ({ ...(right as object), [key]: wrong })),
      )
      return [null, undefined, 1, 'x', true, ...broken]
    }
  }
}

const settable = ALL_CASES.filter(([, , option]) => option.set !== undefined)
const TYPES: Readonly<
  Record<string, Record<string, { encode?: unknown; decode?: unknown; struct?: string }>>
> = SOCKET_OPTIONS

describe('a value of the wrong type or range', () => {
  it.for(settable)(
    'of %s %s is a TypeError or RangeError that names it',
    ([level, name, option], { skip }) => {
      const { struct } = TYPES[level][name]
      skip(struct !== undefined && !(struct in binding.optionLayouts), `needs struct ${struct}`)
      const subject = untyped(option.on())
      for (const wrong of wrongValues(option.set)) {
        let thrown: unknown
        try {
          subject.setsockopt(level, name, wrong)
        } catch (error) {
          thrown = error
        }
        expect([TypeError, RangeError], `${name} ${String(wrong)}`).toContain(thrown?.constructor)
        expect((thrown as Error).message).toContain(name)
        expect(thrown).toMatchObject({ code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/) })
      }
    },
  )

  it.each([
    ['IPPROTO_IP', 'IP_TTL', 256],
    ['IPPROTO_IP', 'IP_TOS', 256],
    ['IPPROTO_IPV6', 'IPV6_TCLASS', -2],
    ['IPPROTO_UDP', 'UDP_SEGMENT', 65_536],
    ['IPPROTO_TCP', 'TCP_SYNCNT', 256],
    ['SOL_SOCKET', 'SO_LINGER', { on: true, seconds: -1 }],
    ['SOL_SOCKET', 'SO_RCVTIMEO', { seconds: 0, microseconds: 1_000_000 }],
  ])('%s %s %j is out of range', (level, name, value) => {
    expect(() => untyped(tcp()).setsockopt(level, name, value)).toThrow(RangeError)
  })

  it.each([
    ['IPPROTO_IP', 'IP_ADD_MEMBERSHIP', { group: 'ff02::1' }],
    ['IPPROTO_IP', 'IP_ADD_MEMBERSHIP', { group: '239.1.2.3', interfaceAddress: 'lo' }],
    ['IPPROTO_IP', 'MCAST_JOIN_GROUP', { group: 'ff02::1' }],
    ['IPPROTO_IPV6', 'IPV6_JOIN_GROUP', { group: '239.1.2.3' }],
    ['IPPROTO_IPV6', 'MCAST_JOIN_SOURCE_GROUP', { group: 'ff15::1', source: '127.0.0.1' }],
  ])('%s %s %j has an address of the wrong family', (level, name, value) => {
    expect(() => untyped(tcp()).setsockopt(level, name, value)).toThrow(/must be a numeric IPv[46] address/)
  })
})

describe('an option that is not to be had', () => {
  it('of the wrong direction is a TypeError', () => {
    const subject = untyped(tcp())
    for (const [level, names] of Object.entries(TYPES)) {
      for (const [name, { encode, decode }] of Object.entries(names)) {
        if (encode === undefined) {
          expect(() => subject.setsockopt(level, name, true)).toThrow(/must be an option that can be set.*/)
        }
        if (decode === undefined) {
          expect(() => subject.getsockopt(level, name)).toThrow(/must be an option that can be read.*/)
        }
      }
    }
  })

  it('that nobody knows is a TypeError', () => {
    const subject = untyped(tcp())
    for (const [level, name] of [
      ['SOL_SOCKET', 'SO_NOTHING'],
      ['SOL_SOCKET', 'TCP_NODELAY'],
      ['SOL_SOCKET', 'toString'],
      ['SOL_SOCKET', '__proto__'],
      ['SOL_SOCKET', 1],
      ['SOL_NOTHING', 'SO_TYPE'],
      ['constructor', 'name'],
      [undefined, undefined],
      [null, 'SO_TYPE'],
      [{}, 'SO_TYPE'],
    ]) {
      expect(() => subject.getsockopt(level, name)).toThrow(TypeError)
      expect(() => subject.setsockopt(level, name, true)).toThrow(TypeError)
    }
  })

  it('on this kind of socket is the kernel’s ENOPROTOOPT or ENOTSUP, which names it', () => {
    const udp = socket(AF_INET, SOCK_DGRAM)
    const code = expect.stringMatching(/^(ENOPROTOOPT|ENOTSUP)$/)
    const refused = expect.objectContaining({ code, name: 'SocketError' })
    expect(() => udp.setsockopt('IPPROTO_TCP', 'TCP_NODELAY', true)).toThrow(refused)
    expect(() => udp.getsockopt('IPPROTO_TCP', 'TCP_NODELAY')).toThrow(refused)
    expect(() => udp.getsockopt('IPPROTO_TCP', 'TCP_NODELAY')).toThrow(
      /^getsockopt TCP_NODELAY: .*\(ENO\w+\); this kind of socket has no such option$/,
    )
    expect(() => udp.getsockopt(constants.IPPROTO_TCP, constants.TCP_NODELAY, 4)).toThrow(refused)
  })

  it('on this platform is ENOPROTOOPT, which says so', () => {
    const numbers = constants as Record<string, number>
    const { SO_MARK } = numbers
    const subject = tcp()
    delete numbers.SO_MARK
    try {
      const missing = /sockopt SO_MARK: this platform has no SO_MARK \(ENOPROTOOPT\)$/
      expect(() => subject.getsockopt('SOL_SOCKET', 'SO_MARK')).toThrow(missing)
      expect(() => subject.setsockopt('SOL_SOCKET', 'SO_MARK', 1)).toThrow(missing)
      expect(() => subject.setsockopt('SOL_SOCKET', 'SO_MARK', 1)).toThrow(
        expect.objectContaining({ code: 'ENOPROTOOPT', errno: -binding.errorNumber('ENOPROTOOPT') }),
      )
    } finally {
      numbers.SO_MARK = SO_MARK
    }
  })

  it('because the kernel refuses the value is the kernel’s error', () => {
    const subject = tcp()
    const kernels = (code: string) => expect.objectContaining({ code, syscall: 'setsockopt' })
    expect(() => subject.setsockopt('IPPROTO_TCP', 'TCP_CONGESTION', 'no-such-thing')).toThrow(
      kernels('ENOENT'),
    )
    expect(() => subject.setsockopt('SOL_SOCKET', 'SO_BINDTODEVICE', 'none0')).toThrow(kernels('ENODEV'))
    expect(() => subject.setsockopt('IPPROTO_IP', 'IP_TTL', 0)).toThrow(kernels('EINVAL'))
    expect(() => subject.getsockopt('IPPROTO_IP', 'IP_MTU')).toThrow(
      expect.objectContaining({ code: 'ENOTCONN', syscall: 'getsockopt' }),
    )
  })

  it('of a closed socket is ERR_POLLUX_CLOSED', () => {
    const subject = tcp()
    subject.close()
    const closed = expect.objectContaining({ code: 'ERR_POLLUX_CLOSED' })
    expect(() => subject.getsockopt('SOL_SOCKET', 'SO_TYPE')).toThrow(closed)
    expect(() => subject.setsockopt('SOL_SOCKET', 'SO_KEEPALIVE', true)).toThrow(closed)
    expect(() => subject.getsockopt(1, 1, 4)).toThrow(closed)
  })
})

describe('a raw option', () => {
  it('is bytes, as the kernel has them', () => {
    const subject = tcp()
    const { SOL_SOCKET, SO_LINGER, SO_TYPE } = constants
    const bytes = new Int32Array([1, 7])
    // Any view, and one in the midst of its memory.
    const views = [
      bytes,
      new DataView(bytes.buffer),
      new Uint8Array([9, ...new Uint8Array(bytes.buffer)]).subarray(1),
    ]
    for (const view of views) {
      subject.setsockopt('SOL_SOCKET', 'SO_LINGER', { on: false, seconds: 0 })
      subject.setsockopt(SOL_SOCKET, SO_LINGER, view)
      expect(subject.getsockopt('SOL_SOCKET', 'SO_LINGER')).toEqual({ on: true, seconds: 7 })
    }
    const shared = new Int32Array(new SharedArrayBuffer(8))
    shared.set([1, 3])
    subject.setsockopt(SOL_SOCKET, SO_LINGER, shared)
    expect(new Int32Array(subject.getsockopt(SOL_SOCKET, SO_LINGER, 8).buffer)).toEqual(
      new Int32Array([1, 3]),
    )
    // As many as there are, or as were asked for.
    expect(subject.getsockopt(SOL_SOCKET, SO_TYPE, 1000)).toHaveLength(4)
    expect(subject.getsockopt(SOL_SOCKET, SO_TYPE, 1)).toHaveLength(1)
  })

  it('with arguments that are none throws', () => {
    const subject = untyped(tcp())
    const { SOL_SOCKET, SO_LINGER } = constants
    for (const size of [0, -1, 1.5, 2 ** 20 + 1, 2 ** 31, Number.NaN]) {
      expect(() => subject.getsockopt(SOL_SOCKET, SO_LINGER, size)).toThrow(RangeError)
    }
    for (const size of [undefined, '8', null]) {
      expect(() => subject.getsockopt(SOL_SOCKET, SO_LINGER, size)).toThrow(TypeError)
    }
    for (const name of [2 ** 31, -(2 ** 31) - 1, 1.5]) {
      expect(() => subject.getsockopt(SOL_SOCKET, name, 4)).toThrow(RangeError)
      expect(() => subject.setsockopt(name, SO_LINGER, new Uint8Array(8))).toThrow(RangeError)
    }
    for (const name of ['SO_LINGER', undefined, {}]) {
      expect(() => subject.getsockopt(SOL_SOCKET, name, 4)).toThrow(TypeError)
      expect(() => subject.setsockopt(SOL_SOCKET, name, new Uint8Array(8))).toThrow(TypeError)
    }
    for (const value of [1, true, 'x', null, undefined, [1], new ArrayBuffer(8)]) {
      expect(() => subject.setsockopt(SOL_SOCKET, SO_LINGER, value)).toThrow(TypeError)
    }
    const huge = new Uint8Array(2 ** 20 + 1)
    expect(() => subject.setsockopt(SOL_SOCKET, SO_LINGER, huge)).toThrow(/at most 1048576 bytes/)
  })

  it('with too few bytes, or detached ones, is an error', () => {
    const subject = tcp()
    const { SOL_SOCKET, SO_LINGER } = constants
    const short = expect.objectContaining({ code: 'EINVAL', syscall: 'setsockopt' })
    expect(() => subject.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(7))).toThrow(short)
    expect(() => subject.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(0))).toThrow(short)
    const detached = new Uint8Array(8)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    expect(() => subject.setsockopt(SOL_SOCKET, SO_LINGER, detached)).toThrow(TypeError)
  })
})
