// Control messages other than descriptors, each checked against the kernel and python3.
import { join } from 'node:path'
import {
  AF_INET,
  AF_INET6,
  CMSG_LEN,
  CMSG_SPACE,
  type ControlMessage,
  constants,
  MSG_CTRUNC,
  SOCK_DGRAM,
  type Socket,
  socket,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import {
  done,
  INT,
  nextMessage,
  only,
  portOf,
  python,
  said,
  setOption,
  udp,
  udpPair,
  unixPair,
} from '../support/messages.js'
import { failure, freshLoop } from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const at = freshLoop()
const folder = temporaryFolder()
const isLinux = process.platform === 'linux'
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const

/** A number in a control message, its option, and where python3 finds it. */
const NUMBERS: [type: ControlMessage['type'], field: string, value: number, family: 4 | 6, option: string][] =
  [
    ['IP_TTL', 'ttl', 3, 4, 'IP_RECVTTL'],
    ['IP_TOS', 'tos', 0b101110_01, 4, 'IP_RECVTOS'],
    ['IPV6_HOPLIMIT', 'hopLimit', 5, 6, 'IPV6_RECVHOPLIMIT'],
    ['IPV6_TCLASS', 'trafficClass', 0b001010_10, 6, 'IPV6_RECVTCLASS'],
  ]
const levelOf = (family: 4 | 6) => (family === 4 ? 'IPPROTO_IP' : 'IPPROTO_IPV6')

describe('a number of the IP header', needs(isLinux, 'Linux'), () => {
  it.each(NUMBERS)(
    '%s is sent with one datagram, as python3 sees it',
    async (type, field, value, family, option) => {
      const peer = python(
        `
s = udp(sys.argv[1])
s.setsockopt(socket.${levelOf(family)}, int(sys.argv[2]), 1)
say('port', s.getsockname()[1])
for name in 'first', 'second':
    data, control, flags, address = s.recvmsg(10, 100)
    say(name, [int.from_bytes(value, 'little') for level, number, value in control if number == int(sys.argv[3])])
`,
        LOOPBACK[family],
        `${constants[option]}`,
        `${constants[type]}`,
      )
      const near = udp(at, LOOPBACK[family])
      const address = { host: LOOPBACK[family], port: await said<number>(peer, 'port') }
      const message = { data: Buffer.from('x'), address }
      done(near.trySendmsg({ ...message, control: [{ type, [field]: value } as unknown as ControlMessage] }))
      done(near.trySendmsg(message))
      expect(await said(peer, 'first')).toEqual([value])
      expect(await said(peer, 'second')).not.toEqual([value])
    },
  )

  it.each(NUMBERS)('%s is received from python3', async (type, field, value, family, option) => {
    const near = udp(at, LOOPBACK[family])
    setOption(near, levelOf(family), option)
    python(
      `
s = udp(sys.argv[1])
s.sendmsg([b'x'], [(socket.${levelOf(family)}, int(sys.argv[3]), struct.pack('i', int(sys.argv[4])))], 0, (sys.argv[1], int(sys.argv[2])))
`,
      LOOPBACK[family],
      `${portOf(near)}`,
      `${constants[type]}`,
      `${value}`,
    )
    const { control } = await nextMessage(near)
    expect(control).toEqual([{ type, [field]: value }])
  })
})

describe('IP_PKTINFO', () => {
  it(
    'tells where a datagram went to, and a reply can leave from there',
    needs(isLinux, 'Linux'),
    async () => {
      const near = socket(AF_INET, SOCK_DGRAM, 0, at)
      near.bind({ host: '0.0.0.0', port: 0 })
      setOption(near, 'IPPROTO_IP', 'IP_PKTINFO')
      const peer = python(
        `
s = udp()
s.sendto(b'to another address', ('127.0.0.7', int(sys.argv[1])))
say('reply', s.recvfrom(100)[1])
`,
        `${portOf(near)}`,
      )
      const { control, address } = await nextMessage(near)
      expect(control).toEqual([
        { type: 'IP_PKTINFO', interfaceIndex: 1, address: '127.0.0.7', localAddress: '127.0.0.7' },
      ])
      done(near.trySendmsg({ data: Buffer.from('reply'), address, control }))
      expect(await said(peer, 'reply')).toEqual(['127.0.0.7', portOf(near)])
    },
  )

  it('sends from `localAddress`, or else from `address`', needs(isLinux, 'Linux'), async () => {
    const near = socket(AF_INET, SOCK_DGRAM, 0, at)
    const far = udp(at)
    near.bind({ host: '0.0.0.0', port: 0 })
    for (const addresses of [{ address: '127.0.0.5' }, { address: '127.0.0.6', localAddress: '127.0.0.5' }]) {
      const control: ControlMessage[] = [{ type: 'IP_PKTINFO', interfaceIndex: 0, ...addresses }]
      done(near.trySendmsg({ data: Buffer.from('x'), address: far.getsockname(), control }))
      expect((await nextMessage(far)).address).toMatchObject({ host: '127.0.0.5' })
    }
  })

  it('of IPv6 tells the same, and sends from there', async () => {
    const [near, far] = [udp(at, '::1'), socket(AF_INET6, SOCK_DGRAM, 0, at)]
    far.bind({ host: '::', port: 0 })
    setOption(far, 'IPPROTO_IPV6', 'IPV6_RECVPKTINFO')
    done(near.trySendmsg({ data: Buffer.from('x'), address: { host: '::1', port: portOf(far) } }))
    const { control, address } = await nextMessage(far)
    expect(control).toEqual([{ type: 'IPV6_PKTINFO', interfaceIndex: expect.any(Number), address: '::1' }])
    done(far.trySendmsg({ data: Buffer.from('y'), address, control }))
    expect((await nextMessage(near)).address).toMatchObject({ host: '::1', port: portOf(far) })
  })

  it('of an address that is not here is refused by the kernel', () => {
    const near = udp(at)
    const control: ControlMessage[] = [{ type: 'IP_PKTINFO', interfaceIndex: 0, address: '192.0.2.1' }]
    const send = () => near.trySendmsg({ data: Buffer.from('x'), address: near.getsockname(), control })
    // Kernels put it differently, and so does one kernel with other routes.
    expect(send).toThrow(/EINVAL|ENETUNREACH|EADDRNOTAVAIL/)
  })
})

describe('a timestamp', () => {
  it.each(['SO_TIMESTAMP', 'SO_TIMESTAMPNS'] as const)(
    '%s is when the kernel got the datagram',
    async (type) => {
      const [near, far] = await udpPair(at)
      setOption(far, 'SOL_SOCKET', type)
      const before = Date.now()
      done(near.trySendmsg({ data: Buffer.from('x') }))
      const { control } = await nextMessage(far)
      const after = Date.now()
      const stamp = only(control, type)
      const ms = stamp.seconds * 1000 + stamp.nanoseconds / 1e6
      // Date.now() is rounded down, and clocks of one machine need not be read in the same way.
      expect(ms).toBeGreaterThanOrEqual(before - 1000)
      expect(ms).toBeLessThanOrEqual(after + 1000)
      expect(stamp.nanoseconds).toBeGreaterThanOrEqual(0)
      expect(stamp.nanoseconds).toBeLessThan(1e9)
      if (type === 'SO_TIMESTAMP') expect(stamp.nanoseconds % 1000).toBe(0)
    },
  )
})

describe('SCM_CREDENTIALS', needs(isLinux, 'Linux'), () => {
  const mine = { pid: process.pid, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

  it('are added by the kernel, or sent by this process', async () => {
    const [near, far] = unixPair(at)
    setOption(far, 'SOL_SOCKET', 'SO_PASSCRED')
    for (const control of [[], [{ type: 'SCM_CREDENTIALS', ...mine } as const]]) {
      done(near.trySendmsg({ data: Buffer.from('x'), control }))
      expect((await nextMessage(far)).control).toEqual([{ type: 'SCM_CREDENTIALS', ...mine }])
    }
  })

  it('reach python3', async () => {
    const path = join(folder, 'credentials')
    const peer = python(
      `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1])
say('ready', 1)
data, control, flags, address = s.recvmsg(10, 100)
say('credentials', struct.unpack('iII', control[0][2]))
`,
      path,
    )
    await said(peer, 'ready')
    const [near] = unixPair(at, SOCK_DGRAM)
    const control: ControlMessage[] = [{ type: 'SCM_CREDENTIALS', ...mine }]
    done(near.trySendmsg({ data: Buffer.from('x'), address: { path }, control }))
    expect(await said(peer, 'credentials')).toEqual([mine.pid, mine.uid, mine.gid])
  })

  it('of a process that does not exist are refused', () => {
    const [near] = unixPair(at)
    const control: ControlMessage[] = [{ type: 'SCM_CREDENTIALS', ...mine, pid: 2 ** 30 }]
    // ESRCH for whoever may send others' credentials, EPERM for everybody else.
    expect(() => near.trySendmsg({ data: Buffer.from('x'), control })).toThrow(/ESRCH|EPERM/)
  })
})

describe('UDP_SEGMENT and UDP_GRO', needs(constants.UDP_SEGMENT !== undefined, 'UDP_SEGMENT'), () => {
  const payload = Buffer.concat([1, 2, 3].map((each) => Buffer.alloc(each === 3 ? 500 : 1200, each)))
  const control: ControlMessage[] = [{ type: 'UDP_SEGMENT', bytes: 1200 }]

  it('one message is as many datagrams as it has segments, as python3 sees it', async () => {
    const peer = python(`
s = udp()
say('port', s.getsockname()[1])
say('lengths', [len(s.recv(2000)) for i in range(3)])
`)
    const address = { host: '127.0.0.1', port: await said<number>(peer, 'port') }
    expect(udp(at).trySendmsg({ data: payload, address, control })).toBe(payload.length)
    expect(await said(peer, 'lengths')).toEqual([1200, 1200, 500])
  })

  it('several datagrams come as one message that says how long each is', async () => {
    const [near, far] = await udpPair(at)
    setOption(far, 'IPPROTO_UDP', 'UDP_GRO')
    done(near.trySendmsg({ data: payload, control }))
    expect(await nextMessage(far)).toMatchObject({ bytes: 2900, control: [{ type: 'UDP_GRO', bytes: 1200 }] })
    done(near.trySendmsg({ data: Buffer.from('alone') }))
    expect(await nextMessage(far)).toMatchObject({ text: 'alone', control: [] })
  })

  it('more segments than the kernel cuts are refused', async () => {
    const [near] = await udpPair(at)
    const tooMany = { data: Buffer.alloc(1300), control: [{ type: 'UDP_SEGMENT', bytes: 1 } as const] }
    expect(() => near.trySendmsg(tooMany)).toThrow(failure('EINVAL', 'sendmsg'))
  })
})

describe('control messages', () => {
  async function timed(): Promise<[Socket, Socket]> {
    const [near, far] = await udpPair(at)
    setOption(far, 'IPPROTO_IP', 'IP_RECVTTL')
    setOption(far, 'IPPROTO_IP', 'IP_RECVTOS')
    return [near, far]
  }

  it('come several at once, and go several at once', async () => {
    const [near, far] = await timed()
    const control: ControlMessage[] = [
      { type: 'IP_TTL', ttl: 9 },
      { type: 'IP_TOS', tos: 8 },
    ]
    done(near.trySendmsg({ data: Buffer.from('x'), control }))
    expect(new Set((await nextMessage(far)).control)).toEqual(new Set(control))
  })

  it('that have no room are said to be cut off, whatever the room', async () => {
    const [near, far] = await timed()
    const whole = CMSG_SPACE(INT) + CMSG_LEN(1)
    for (let controlBytes = 0; controlBytes <= whole + 1; controlBytes++) {
      done(near.trySendmsg({ data: Buffer.from('x'), control: [{ type: 'IP_TTL', ttl: 9 }] }))
      const { control, controlTruncated, flags, text } = await nextMessage(far, { controlBytes })
      expect(text).toBe('x')
      expect(controlTruncated, `${controlBytes} bytes`).toBe(controlBytes < whole)
      expect((flags & MSG_CTRUNC) !== 0).toBe(controlTruncated)
      for (const each of control) {
        // What was cut short is bytes, with its true level and name.
        if (each.type === 'unknown') {
          expect(each).toMatchObject({ level: constants.IPPROTO_IP })
          expect([constants.IP_TTL, constants.IP_TOS]).toContain(each.name)
          expect(each.data.length).toBeLessThan(INT)
        } else {
          expect([
            { type: 'IP_TTL', ttl: 9 },
            { type: 'IP_TOS', tos: 0 },
          ]).toContainEqual(each)
        }
      }
      if (controlBytes >= whole) expect(control.length).toBe(2)
    }
  })

  it(
    'that Pollux has no words for come as bytes',
    needs(constants.IP_RECVORIGDSTADDR !== undefined, 'IP_RECVORIGDSTADDR'),
    async () => {
      const [near, far] = await udpPair(at)
      // ip(7): the address that the datagram was sent to.
      setOption(far, 'IPPROTO_IP', 'IP_RECVORIGDSTADDR')
      done(near.trySendmsg({ data: Buffer.from('x') }))
      const { control } = await nextMessage(far)
      const message = only(control, 'unknown')
      expect(message).toMatchObject({ level: constants.IPPROTO_IP, name: constants.IP_ORIGDSTADDR })
      const port = Buffer.from(message.data).readUInt16BE(2)
      expect(port).toBe(portOf(far))
    },
  )

  it('are sent as bytes too', async () => {
    const [near, far] = await timed()
    const data = new Uint8Array(new Int32Array([77]).buffer)
    const control: ControlMessage[] = [
      { type: 'unknown', level: constants.IPPROTO_IP, name: constants.IP_TTL, data },
    ]
    done(near.trySendmsg({ data: Buffer.from('x'), control }))
    expect((await nextMessage(far)).control).toContainEqual({ type: 'IP_TTL', ttl: 77 })
  })

  it('that the socket does not take are refused by the kernel', async () => {
    const [near] = await udpPair(at)
    const send = (control: ControlMessage) => () =>
      near.trySendmsg({ data: Buffer.from('x'), control: [control] })
    const nonsense = {
      type: 'unknown',
      level: constants.SOL_SOCKET,
      name: 12345,
      data: Buffer.alloc(4),
    } as const
    expect(send(nonsense)).toThrow(failure('EINVAL', 'sendmsg'))
    expect(send({ ...nonsense, data: Buffer.alloc(2 ** 20) })).toThrow(failure('ENOBUFS', 'sendmsg'))
  })

  it.each<[string, unknown, ErrorConstructor]>([
    ['no object', 1, TypeError],
    ['no type', {}, TypeError],
    ['an unknown type', { type: 'IP_MAGIC' }, TypeError],
    ['one that is only received', { type: 'SO_TIMESTAMP', seconds: 1, nanoseconds: 1 }, TypeError],
    ['another one that is only received', { type: 'UDP_GRO', bytes: 1 }, TypeError],
    ['a TTL of zero', { type: 'IP_TTL', ttl: 0 }, RangeError],
    ['a TTL beyond a byte', { type: 'IP_TTL', ttl: 256 }, RangeError],
    ['a TTL that is text', { type: 'IP_TTL', ttl: '1' }, TypeError],
    ['half a TOS', { type: 'IP_TOS', tos: 0.5 }, RangeError],
    ['a segment beyond 16 bits', { type: 'UDP_SEGMENT', bytes: 65_536 }, RangeError],
    ['an address that is none', { type: 'IP_PKTINFO', interfaceIndex: 0, address: '1.2.3' }, TypeError],
    [
      'an IPv6 address with a zone',
      { type: 'IPV6_PKTINFO', interfaceIndex: 0, address: 'fe80::1%1' },
      TypeError,
    ],
    ['a negative interface', { type: 'IP_PKTINFO', interfaceIndex: -1, address: '1.2.3.4' }, RangeError],
    ['a user beyond 32 bits', { type: 'SCM_CREDENTIALS', pid: 1, uid: 2 ** 32, gid: 0 }, RangeError],
    ['data that is text', { type: 'unknown', level: 1, name: 1, data: 'x' }, TypeError],
    ['descriptors that are no array', { type: 'SCM_RIGHTS', fds: 1 }, TypeError],
    ['a descriptor that is text', { type: 'SCM_RIGHTS', fds: ['1'] }, TypeError],
    ['a negative descriptor', { type: 'SCM_RIGHTS', fds: [-1] }, RangeError],
    ['an object without a descriptor', { type: 'SCM_RIGHTS', fds: [{}] }, TypeError],
  ])('are refused with %s', (_what, message, expected) => {
    const [near] = unixPair(at)
    const send = () => near.trySendmsg({ data: Buffer.from('x'), control: [message as ControlMessage] })
    expect(send).toThrow(expected)
  })

  it('take as much room as CMSG_SPACE says', () => {
    expect(CMSG_SPACE(0)).toBe(CMSG_LEN(0))
    for (const bytes of [0, 1, 4, 7, 8, 9, 1000]) {
      expect(CMSG_LEN(bytes)).toBe(CMSG_LEN(0) + bytes)
      expect(CMSG_SPACE(bytes)).toBeGreaterThanOrEqual(CMSG_LEN(bytes))
    }
    for (const bad of [-1, 0.5, 2 ** 40]) expect(() => CMSG_SPACE(bad)).toThrow(RangeError)
    expect(() => CMSG_LEN('1' as never)).toThrow(TypeError)
  })
})
