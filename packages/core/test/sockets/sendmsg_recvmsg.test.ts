// sendmsg(2) and recvmsg(2): scatter and gather, addresses, flags, waiting, and what is wrong with the rest.
import {
  AF_INET,
  constants,
  type IncomingMessage,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  type OutgoingMessage,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  detach,
  done,
  INT,
  nextMessage,
  portOf,
  python,
  said,
  sendFds,
  udp,
  udpPair,
  unixPair,
} from '../support/messages.js'
import { failure, fill, freshLoop, rejection } from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const IOV_MAX = constants.IOV_MAX ?? 16
const bytes = (text: string) => Buffer.from(text)

describe.each(BACKENDS)('sendmsg and recvmsg on %s', (backend) => {
  const at = freshLoop(backend)

  it('gathers buffers of every kind into one datagram, as python3 sees it', async () => {
    const peer = python(`
s = udp()
say('port', s.getsockname()[1])
data, address = s.recvfrom(100)
say('data', data.hex())
say('from', address)
`)
    const near = udp(at)
    const shared = Buffer.from(new SharedArrayBuffer(2))
    shared.write('sh')
    const words = new Uint16Array([0x6161, 0x6262])
    const data = [
      bytes('one '),
      shared,
      new DataView(Uint8Array.from([0x64, 0x76, 0x21]).buffer, 0, 2),
      words,
      bytes(''),
    ]
    const address = { host: '127.0.0.1', port: await said<number>(peer, 'port') }
    expect(await near.sendmsg({ data, address })).toBe(12)
    expect(Buffer.from(await said<string>(peer, 'data'), 'hex').toString()).toBe('one shdvaabb')
    expect(await said(peer, 'from')).toEqual(['127.0.0.1', portOf(near)])
  })

  it('scatters a datagram of python3 over buffers, and says who sent it', async () => {
    const near = udp(at)
    const peer = python(
      `
s = udp()
say('port', s.getsockname()[1])
s.sendmsg([b'head', b'er and', b' body'], [], 0, ('127.0.0.1', int(sys.argv[1])))
`,
      `${portOf(near)}`,
    )
    const buffers = [Buffer.alloc(6), new DataView(new ArrayBuffer(3)), Buffer.alloc(20, '.')]
    const message = await patiently(near.recvmsg({ buffers }), 'the datagram')
    expect(message).toEqual({
      bytes: 15,
      address: { family: 'IPv4', host: '127.0.0.1', port: await said(peer, 'port') },
      control: [],
      flags: 0,
      truncated: false,
      controlTruncated: false,
    })
    expect(
      buffers.map((each) => Buffer.from(each.buffer, each.byteOffset, each.byteLength).toString()),
    ).toEqual(['header', ' an', 'd body..............'])
  })

  it('sends to the connected peer where there is no address, IPv6 too', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const [near, far] = await udpPair(at, host)
      done(near.trySendmsg({ data: bytes('hello') }))
      expect(await nextMessage(far)).toMatchObject({ text: 'hello', address: near.getsockname() })
    }
  })

  it('waits for a message, and for room', async () => {
    const [near, far] = unixPair(at)
    expect(far.tryRecvmsg({ buffers: bytes('..') })).toBe(WOULD_BLOCK)
    const coming = nextMessage(far)
    near.trySendmsg({ data: bytes('at last') })
    expect((await coming).text).toBe('at last')

    const filled = fill(near)
    expect(near.trySendmsg({ data: bytes('x') })).toBe(WOULD_BLOCK)
    const sent = near.sendmsg({ data: bytes('the end') })
    await far.recv(Buffer.alloc(filled), MSG_WAITALL)
    expect(await patiently(sent, 'room')).toBe(7)
    expect((await nextMessage(far)).text).toBe('the end')
  })

  it('sends all of a stream message, and its descriptors once, with the first byte', async () => {
    const [near, far] = unixPair(at)
    const data = [noise(700_000), noise(1), noise(900_000)]
    const whole = Buffer.concat(data)
    const sent = near.sendmsg({ data, control: [{ type: 'SCM_RIGHTS', fds: [near] }] })
    const parts: Buffer[] = []
    let fds = 0
    for (let length = 0; length < whole.length; ) {
      const buffer = Buffer.alloc(100_000)
      const { bytes: count, control } = await far.recvmsg({ buffers: buffer, controlBytes: 100 })
      if (control.length > 0) expect(length).toBe(0)
      for (const each of control) {
        if (each.type !== 'SCM_RIGHTS') continue
        fds += each.fds.length
        for (const fd of each.fds) fd.close()
      }
      parts.push(buffer.subarray(0, count))
      length += count
    }
    expect(await sent).toBe(whole.length)
    expect(fds).toBe(1)
    expectSameBytes(Buffer.concat(parts), whole)
  })

  it('takes more buffers than one call does, on a stream', async () => {
    const [near, far] = unixPair(at)
    const data = Array.from({ length: IOV_MAX + 10 }, (_, i) => bytes(String.fromCharCode(65 + (i % 26))))
    const text = Buffer.concat(data).toString()
    expect(near.trySendmsg({ data })).toBe(IOV_MAX)
    expect((await nextMessage(far)).text).toBe(text.slice(0, IOV_MAX))
    expect(await near.sendmsg({ data })).toBe(IOV_MAX + 10)
    const buffers = Array.from(data, () => Buffer.alloc(1))
    expect(done(far.tryRecvmsg({ buffers })).bytes).toBe(IOV_MAX)
    expect((await nextMessage(far)).text).toBe(text.slice(IOV_MAX))
    expect(Buffer.concat(buffers).toString('latin1', 0, IOV_MAX)).toBe(text.slice(0, IOV_MAX))
  })

  it('refuses a datagram of more buffers than the kernel takes', async () => {
    const [near, far] = await udpPair(at)
    const data = Array.from({ length: IOV_MAX + 1 }, () => bytes('x'))
    expect(() => near.trySendmsg({ data })).toThrow(failure('EMSGSIZE', 'sendmsg'))
    expect(() => far.tryRecvmsg({ buffers: data })).toThrow(failure('EMSGSIZE', 'recvmsg'))
    expect(near.trySendmsg({ data: data.slice(1) })).toBe(IOV_MAX)
    expect((await nextMessage(far)).bytes).toBe(IOV_MAX)
  })

  it('with MSG_WAITALL fills all buffers of a stream, or ends with it', async () => {
    const [near, far] = unixPair(at)
    const buffers = [Buffer.alloc(3), Buffer.alloc(4)]
    const coming = far.recvmsg({ buffers }, MSG_WAITALL)
    for (const part of ['ab', 'c', 'def']) {
      near.trySendmsg({ data: bytes(part) })
      await new Promise(setImmediate)
    }
    near.trySendmsg({ data: bytes('gh') })
    expect((await coming).bytes).toBe(7)
    expect(Buffer.concat(buffers).toString()).toBe('abcdefg')
    near.close()
    expect((await far.recvmsg({ buffers }, MSG_WAITALL)).bytes).toBe(1)
    expect((await far.recvmsg({ buffers }, MSG_WAITALL)).bytes).toBe(0)
  })

  it('with MSG_WAITALL stops where descriptors come', async () => {
    const [near, far] = unixPair(at)
    near.trySendmsg({ data: bytes('ab') })
    const coming = far.recvmsg({ buffers: Buffer.alloc(10), controlBytes: 100 }, MSG_WAITALL)
    await new Promise(setImmediate)
    sendFds(near, [near], 'cd')
    const message = await patiently(coming, 'the descriptor')
    expect(message.bytes).toBe(4)
    for (const each of message.control) if (each.type === 'SCM_RIGHTS') for (const fd of each.fds) fd.close()
  })

  it('keeps the order of what was asked for, whichever call it was', async () => {
    const [near, far] = unixPair(at)
    const filled = fill(near)
    const sent = [near.send(bytes('1')), near.sendmsg({ data: bytes('2') }), near.write(bytes('3'))]
    await far.recv(Buffer.alloc(filled), MSG_WAITALL)
    const received = Buffer.alloc(3)
    await far.recv(received, MSG_WAITALL)
    await Promise.all(sent)
    expect(received.toString()).toBe('123')
  })

  it('ends its waiting by a timeout, a signal or the end of the socket', async () => {
    const [near, far] = unixPair(at)
    const request = { buffers: Buffer.alloc(1) }
    expect(await rejection(far.recvmsg(request, 0, { timeoutMs: 1 }))).toEqual(
      failure('ERR_POLLUX_TIMEOUT', 'recvmsg'),
    )
    const controller = new AbortController()
    const aborted = rejection(far.recvmsg(request, 0, { signal: controller.signal }))
    controller.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ message: 'enough' })
    const closed = rejection(far.recvmsg(request))
    far.close()
    expect(await closed).toEqual(failure('ERR_POLLUX_CLOSED', 'recvmsg'))
    expect(() => far.tryRecvmsg(request)).toThrow(failure('ERR_POLLUX_CLOSED'))
    expect(() => near.trySendmsg({ data: bytes('x') })).toThrow(failure('EPIPE', 'sendmsg'))
  })

  it('with MSG_DONTWAIT says EAGAIN in place of waiting', async () => {
    const [, far] = unixPair(at)
    expect(await rejection(far.recvmsg({ buffers: Buffer.alloc(1) }, MSG_DONTWAIT))).toEqual(
      failure('EAGAIN', 'recvmsg'),
    )
  })

  it('that fails after a part says how much that was', async () => {
    const [near, far] = unixPair(at)
    const failed = rejection(near.sendmsg({ data: Buffer.alloc(10_000_000) }))
    const { bytes: count } = await far.recvmsg({ buffers: Buffer.alloc(1000) })
    expect(count).toBe(1000)
    far.close()
    const error = (await failed) as { bytesTransferred: number }
    expect(error).toEqual(failure('EPIPE', 'sendmsg'))
    expect(error.bytesTransferred).toBeGreaterThan(1000)
    expect(error.bytesTransferred).toBeLessThan(10_000_000)
  })

  it('refuses a buffer that is detached while it waits', async () => {
    const [near, far] = unixPair(at)
    const buffer = new Uint8Array(8)
    const failed = rejection(far.recvmsg({ buffers: [Buffer.alloc(1), buffer] }))
    detach(buffer.buffer)
    near.trySendmsg({ data: bytes('xyz') })
    expect(await failed).toBeInstanceOf(TypeError)
    // Nothing was received by it.
    expect((await nextMessage(far)).text).toBe('xyz')
  })
})

describe('a message', () => {
  const at = freshLoop()

  it('may be empty: a datagram of no bytes, one way and the other', async () => {
    const near = udp(at)
    const peer = python(`
s = udp()
say('port', s.getsockname()[1])
data, ancillary, flags, address = s.recvmsg(10)
say('length', len(data))
s.sendmsg([], [], 0, address)
`)
    const address = { host: '127.0.0.1', port: await said<number>(peer, 'port') }
    expect(near.trySendmsg({ address, control: [] })).toBe(0)
    expect(await said(peer, 'length')).toBe(0)
    expect(await nextMessage(near)).toMatchObject({ bytes: 0, address, control: [] })
    expect(near.tryRecvmsg({ buffers: [] })).toBe(WOULD_BLOCK)
  })

  it('that is longer than its buffers is truncated, and said to be', async () => {
    const [near, far] = await udpPair(at)
    for (const flags of [0, MSG_TRUNC]) {
      done(near.trySendmsg({ data: bytes('0123456789') }))
      const buffers = [Buffer.alloc(2), Buffer.alloc(2)]
      const message = await patiently(far.recvmsg({ buffers }, flags), 'the datagram')
      expect(Buffer.concat(buffers).toString()).toBe('0123')
      // With MSG_TRUNC as an argument its real length (recv(2)).
      expect(message).toMatchObject({ bytes: flags === 0 ? 4 : 10, truncated: true, controlTruncated: false })
      expect(message.flags & MSG_TRUNC).toBe(MSG_TRUNC)
    }
    expect(far.tryRecvmsg({ buffers: Buffer.alloc(10) })).toBe(WOULD_BLOCK)
  })

  it('of SOCK_SEQPACKET is a record, with MSG_EOR or without', async () => {
    const [near, far] = unixPair(at, SOCK_SEQPACKET)
    near.trySendmsg({ data: [bytes('re'), bytes('cord')] }, MSG_EOR)
    near.trySendmsg({ data: bytes('next') })
    expect(done(far.tryRecvmsg({ buffers: Buffer.alloc(2) }, MSG_PEEK))).toMatchObject({
      bytes: 2,
      truncated: true,
    })
    const message = await nextMessage(far)
    expect(message.text).toBe('record')
    // Linux keeps records apart without saying so; POSIX has MSG_EOR here.
    expect([0, MSG_EOR]).toContain(message.flags)
    expect((await nextMessage(far)).text).toBe('next')
  })

  it('at the end of a stream has no bytes', async () => {
    const [near, far] = unixPair(at)
    near.close()
    expect(await nextMessage(far)).toMatchObject({ bytes: 0, address: undefined, control: [] })
  })

  it('that can not be sent says why, and where to', () => {
    const near = udp(at)
    const address = { host: '127.0.0.1', port: 9 }
    const send = (message: OutgoingMessage) => () => near.trySendmsg(message)
    expect(send({ data: bytes('x') })).toThrow(failure('EDESTADDRREQ', 'sendmsg'))
    expect(send({ data: Buffer.alloc(70_000), address })).toThrow(
      failure('EMSGSIZE', 'sendmsg', { address: '127.0.0.1', port: 9 }),
    )
    expect(send({ address: { host: '::1', port: 9 } })).toThrow(failure('EAFNOSUPPORT', 'sendmsg'))
    const stream = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => stream.trySendmsg({ data: bytes('x') })).toThrow(failure('EPIPE', 'sendmsg'))
    expect(() => stream.tryRecvmsg({ buffers: bytes('x') })).toThrow(failure('ENOTCONN', 'recvmsg'))
  })

  it('to a port where nobody is comes back as ECONNREFUSED with the next call', async () => {
    const near = udp(at)
    const gone = udp(at)
    await near.connect(gone.getsockname())
    gone.close()
    done(near.trySendmsg({ data: bytes('x') }))
    expect(await rejection(near.recvmsg({ buffers: Buffer.alloc(1) }))).toEqual(
      failure('ECONNREFUSED', 'recvmsg'),
    )
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a string', 'hello'],
    ['data that is text', { data: 'hello' }],
    ['an ArrayBuffer', { data: new ArrayBuffer(1) }],
    ['buffers and something else', { data: [Buffer.alloc(1), 'x'] }],
    ['a host name', { address: { host: 'localhost', port: 1 } }],
    ['an address of no kind', { address: 'localhost:1' }],
    ['a NUL byte in the path', { address: { path: 'a\0b' } }],
    ['control that is no array', { control: {} }],
  ])('is refused as %s', (_what, message) => {
    const near = socket(AF_INET, SOCK_DGRAM, 0, at)
    expect(() => near.trySendmsg(message as OutgoingMessage)).toThrow(TypeError)
  })

  it.each<[string, unknown, unknown, ErrorConstructor]>([
    ['no request', undefined, 0, TypeError],
    ['no buffers', {}, 0, TypeError],
    ['buffers that are none', { buffers: [1] }, 0, TypeError],
    ['flags that are text', { buffers: [] }, '0', TypeError],
    ['flags beyond an int', { buffers: [] }, 2 ** 31, RangeError],
    ['a negative room', { buffers: [], controlBytes: -1 }, 0, RangeError],
    ['half a byte of room', { buffers: [], controlBytes: 0.5 }, 0, RangeError],
    ['more room than memory', { buffers: [], controlBytes: 2 ** 40 }, 0, RangeError],
    ['room that is text', { buffers: [], controlBytes: '8' }, 0, TypeError],
  ])('is not received with %s', (_what, request, flags, expected) => {
    const near = socket(AF_INET, SOCK_DGRAM, 0, at)
    expect(() => near.tryRecvmsg(request as IncomingMessage, flags as number)).toThrow(expected)
  })

  it('with a detached buffer is refused', () => {
    const [near] = unixPair(at)
    const view = new DataView(new ArrayBuffer(4))
    detach(view.buffer)
    expect(() => near.trySendmsg({ data: view })).toThrow(TypeError)
  })

  it('with control messages and no byte is refused on a stream, which would lose them', () => {
    const [near, far] = unixPair(at)
    const control = [{ type: 'SCM_RIGHTS', fds: [near] }] as const
    expect(() => near.trySendmsg({ control })).toThrow(/a byte at least/)
    const [one, other] = unixPair(at, SOCK_DGRAM)
    expect(one.trySendmsg({ control })).toBe(0)
    const { bytes: count, control: received } = done(
      other.tryRecvmsg({ buffers: [], controlBytes: 16 + 2 * INT }),
    )
    expect(count).toBe(0)
    expect(received.length).toBe(1)
    expect(far.tryRecvmsg({ buffers: [] })).toBe(WOULD_BLOCK)
  })
})
