// socket(2) and socketpair(2): what there is to be made, and what the kernel says it is.
import { constants as os } from 'node:os'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  constants,
  EventLoop,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  socket,
  socketpair,
} from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { failure, freshLoop, openFlags } from '../support/sockets.js'

checkFds()

const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const isLinux = process.platform === 'linux'
/** One number on Linux, and this is its name. */
const EOPNOTSUPP = /^(ENOTSUP|EOPNOTSUPP)$/

const MADE: [name: string, family: number, type: number, protocol: number][] = [
  ['TCP over IPv4', AF_INET, SOCK_STREAM, IPPROTO_TCP],
  ['TCP over IPv6', AF_INET6, SOCK_STREAM, IPPROTO_TCP],
  ['UDP over IPv4', AF_INET, SOCK_DGRAM, IPPROTO_UDP],
  ['UDP over IPv6', AF_INET6, SOCK_DGRAM, IPPROTO_UDP],
  ['Unix stream', AF_UNIX, SOCK_STREAM, 0],
  ['Unix datagram', AF_UNIX, SOCK_DGRAM, 0],
  ['Unix sequenced packets', AF_UNIX, SOCK_SEQPACKET, 0],
]

describe('Socket', () => {
  it('is not made by its constructor', () => {
    const Made = Socket as unknown as new (...args: unknown[]) => Socket
    for (const args of [[], [null], [{}], [{ loop: null }]]) expect(() => new Made(...args)).toThrow(/fromFd/)
  })
})

describe.each(BACKENDS)('socket on %s', (backend) => {
  const at = freshLoop(backend)

  it.each(MADE)('makes %s', (_name, family, type, protocol) => {
    for (const asked of [0, protocol]) {
      using made = socket(family, type, asked, at)
      expect([made.family, made.type, made.closed]).toEqual([family, type, false])
      expect(made.loop).toBe(at.loop)
      if (constants.SO_PROTOCOL !== undefined || isLinux) expect(made.protocol).toBe(protocol)
      expect(made.fd).toBeGreaterThan(2)
      if (isLinux) expect(openFlags(made.fd) & (O_NONBLOCK | O_CLOEXEC)).toBe(O_NONBLOCK | O_CLOEXEC)
    }
  })

  it('makes a raw socket where the process may', () => {
    const make = () => socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, at)
    let made: Socket | undefined
    try {
      made = make()
    } catch (error) {
      expect(error).toEqual(failure('EPERM', 'socket', { message: expect.stringContaining('CAP_NET_RAW') }))
    }
    if (made) expect([made.type, made.protocol]).toEqual([SOCK_RAW, IPPROTO_ICMP])
    made?.close()
  })

  it.each([
    ['an unknown family', 200, SOCK_STREAM, 0, 'EAFNOSUPPORT'],
    ['an unknown type', AF_INET, 15, 0, 'EINVAL'],
    ['a type that the family does not have', AF_INET, SOCK_SEQPACKET, 0, 'ESOCKTNOSUPPORT'],
    ['a protocol of another type', AF_INET, SOCK_STREAM, IPPROTO_UDP, 'EPROTONOSUPPORT'],
    ['a protocol of another family', AF_UNIX, SOCK_STREAM, IPPROTO_TCP, 'EPROTONOSUPPORT'],
  ])('refuses %s', needs(isLinux, 'Linux'), (_what, family, type, protocol, code) => {
    const errno = -os.errno[code as keyof typeof os.errno] || undefined
    expect(() => socket(family, type, protocol, at)).toThrow(failure(code, 'socket', errno ? { errno } : {}))
  })

  it('makes pairs that are connected to each other', async () => {
    for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]) {
      const [one, other] = socketpair(AF_UNIX, type, 0, at)
      expect([one.type, other.type, one.family, other.family]).toEqual([type, type, AF_UNIX, AF_UNIX])
      if (isLinux) {
        for (const { fd } of [one, other]) {
          expect(openFlags(fd) & (O_NONBLOCK | O_CLOEXEC)).toBe(O_NONBLOCK | O_CLOEXEC)
        }
      }
      expect(await one.send(Buffer.from('there'))).toBe(5)
      const buffer = Buffer.alloc(10)
      expect(await other.recv(buffer)).toBe(5)
      expect(buffer.toString('latin1', 0, 5)).toBe('there')
      one.close()
      other.close()
    }
  })

  it('makes no pairs of the Internet families', () => {
    expect(() => socketpair(AF_INET, SOCK_STREAM, 0, at)).toThrow(failure(EOPNOTSUPP, 'socketpair'))
    expect(() => socketpair(AF_UNIX, SOCK_STREAM, 77, at)).toThrow(failure('EPROTONOSUPPORT', 'socketpair'))
  })

  it('makes the socket table grow, by one and by two', () => {
    const small = new EventLoop({ backend, initialSlots: 1 })
    const made = [
      ...socketpair(AF_UNIX, SOCK_STREAM, 0, { loop: small }),
      socket(AF_UNIX, SOCK_STREAM, 0, { loop: small }),
      ...socketpair(AF_UNIX, SOCK_STREAM, 0, { loop: small }),
      ...socketpair(AF_UNIX, SOCK_STREAM, 0, { loop: small }),
    ]
    expect(new Set(made.map(({ fd }) => fd)).size).toBe(7)
    expect(small.counter('openSockets')).toBe(7)
    for (const each of made) each.close()
    expect(small.counter('openSockets')).toBe(0)
    small.close()
    expect(() => socketpair(AF_UNIX, SOCK_STREAM, 0, { loop: small })).toThrow(failure('ERR_POLLUX_CLOSED'))
  })

  it('uses the place of a closed socket again, under a new name', () => {
    const first = socket(AF_UNIX, SOCK_STREAM, 0, at)
    first.close()
    using second = socket(AF_UNIX, SOCK_STREAM, 0, at)
    expect(() => first.fd).toThrow(failure('ERR_POLLUX_CLOSED'))
    expect(second.fd).toBeGreaterThan(2)
  })
})

describe('socket', () => {
  const at = freshLoop()

  it.each([
    ['a family', ['AF_INET', SOCK_STREAM, 0]],
    ['a type', [AF_INET, 1.5, 0]],
    ['a type', [AF_INET, Number.NaN, 0]],
    ['a protocol', [AF_INET, SOCK_STREAM, -1]],
    ['a protocol', [AF_INET, SOCK_STREAM, 2 ** 31]],
    ['a protocol', [AF_INET, SOCK_STREAM, null]],
  ] as [string, [number, number, number]][])('refuses %s that is none (%#)', (what, given) => {
    const name = what.slice(2)
    for (const make of [socket, socketpair]) {
      expect(() => make(...given, at)).toThrow(new RegExp(`"${name}"`))
      expect(() => make(...given, at)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) }),
      )
    }
  })

  it('is on the loop of the thread where none is named', () => {
    const made = socket(AF_UNIX, SOCK_STREAM)
    expect(made.loop).toBe(EventLoop.default())
    made.close()
    EventLoop.default().close()
  })

  it('says EMFILE when the process has no descriptor left', needs(isLinux, 'Linux'), async () => {
    const core = new URL('../../dist/index.js', import.meta.url)
    const program = `
      import { AF_UNIX, SOCK_STREAM, socket, socketpair, EventLoop } from '${core}'
      const code = (make) => { try { make() } catch (error) { return error.code + ' ' + error.message } }
      const open = []
      const loop = EventLoop.default()
      let last
      while (!(last = code(() => open.push(socket(AF_UNIX, SOCK_STREAM))))) ;
      console.log(last)
      open.pop().close()
      console.log(code(() => socketpair(AF_UNIX, SOCK_STREAM)))
      open.push(socket(AF_UNIX, SOCK_STREAM))
      loop.close()`
    const child = Child.run('sh', [
      '-c',
      `ulimit -n 100; exec "$0" --input-type=module -e "$1"`,
      process.execPath,
      program,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toMatch(/^EMFILE socket: .*ulimit -n.*\nEMFILE socketpair: .*ulimit -n.*\n$/)
  })
})
