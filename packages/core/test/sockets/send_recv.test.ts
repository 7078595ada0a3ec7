// send(2), recv(2), read(2), write(2), readv(2), writev(2): every kind of memory, every flag, both ends of a stream.
import {
  AF_INET,
  AF_UNIX,
  constants,
  EventLoop,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  socketpair,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { expectSameBytes, listeningPeer, noise } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  expectWouldBlock,
  failure,
  fill,
  freshLoop,
  readToEnd,
  rejection,
  tcpPair,
} from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const isLinux = process.platform === 'linux'
const text = (bytes: Buffer, length: number) => bytes.toString('latin1', 0, length)

describe.each(BACKENDS)('send and recv on %s', (backend) => {
  const at = freshLoop(backend)

  it('carry megabytes unharmed to a peer that is not ours, and back', async () => {
    const server = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    await client.connect({ host: '127.0.0.1', port: server.port })
    const peer = await server.awaitPeer()
    const bytes = noise(5_000_000)
    const [sent] = await Promise.all([client.send(bytes), peer.expectBytes(bytes)])
    expect(sent).toBe(bytes.length)
    const back = Buffer.alloc(bytes.length)
    const [received] = await Promise.all([client.recv(back, MSG_WAITALL), peer.send(bytes)])
    expect(received).toBe(bytes.length)
    expectSameBytes(back, bytes)
  })

  it('at once: what is there, what there is room for, or would-block', async () => {
    const { client, server } = await tcpPair(at.loop)
    const buffer = Buffer.alloc(100)
    expectWouldBlock(server.tryRecv(buffer))
    expect(client.trySend(Buffer.from('abc'))).toBe(3)
    expect(await server.recv(buffer, MSG_PEEK)).toBe(3)
    expect(server.tryRecv(buffer)).toBe(3)
    expectWouldBlock(server.tryRecv(buffer))
    const total = fill(client)
    expect(total).toBeGreaterThan(10_000)
    expectWouldBlock(client.trySend(buffer))
    let received = 0
    const big = Buffer.alloc(1 << 20)
    while (received < total) received += await server.recv(big)
    expect(received).toBe(total)
  })

  it('take any view of memory, shared memory too, and leave what is around it alone', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const shared = new SharedArrayBuffer(32)
    const plain = new ArrayBuffer(32)
    for (const memory of [plain, shared]) {
      for (const view of [
        new Uint8Array(memory, 8, 8),
        new DataView(memory, 8, 8),
        new Float64Array(memory, 8, 1),
        new Uint16Array(memory, 8, 4),
        new BigInt64Array(memory, 8, 1),
        new Uint8ClampedArray(memory, 8, 8),
      ]) {
        new Uint8Array(memory).fill(0)
        expect(await one.send(Buffer.from('12345678'))).toBe(8)
        expect(await other.recv(view)).toBe(8)
        const around = Buffer.from(new Uint8Array(memory))
        expect(around.toString('latin1')).toBe(`${'\0'.repeat(8)}12345678${'\0'.repeat(16)}`)
        expect(await other.send(view)).toBe(8)
        const back = Buffer.alloc(9)
        expect(await one.recv(back)).toBe(8)
        expect(text(back, 8)).toBe('12345678')
      }
    }
  })

  it('refuse what is no memory, and flags that are no int', async () => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    for (const bad of ['text', null, undefined, 7, [1, 2], {}, new ArrayBuffer(8)]) {
      for (const run of [
        () => one.tryRecv(bad as never),
        () => one.trySend(bad as never),
        () => one.tryReadv([bad as never]),
        () => one.tryWritev([bad as never]),
      ]) {
        expect(run).toThrow(/(buffer|data|buffers\[0\])" argument must be an ArrayBufferView/)
      }
      await expect(one.recv(bad as never)).rejects.toThrow(TypeError)
      await expect(one.write(bad as never)).rejects.toThrow(TypeError)
    }
    for (const bad of ['0', 1.5, 2 ** 31, null, Number.NaN]) {
      expect(() => one.tryRecv(Buffer.alloc(1), bad as never)).toThrow(/"flags"/)
      await expect(one.send(Buffer.alloc(1), bad as never)).rejects.toThrow(/"flags"/)
    }
    expect(() => one.tryReadv(Buffer.alloc(1) as never)).toThrow(/"buffers"/)
  })

  it('refuse memory that was transferred away', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const detached = (view: ArrayBufferView) => {
      structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
      return view
    }
    const dataView = detached(new DataView(new ArrayBuffer(8)))
    expect(() => one.tryRecv(dataView)).toThrow(TypeError)
    // Not an empty one, which would be sent as an empty datagram.
    expect(() => one.trySend(detached(new Uint8Array(8)))).toThrow(TypeError)

    const buffer = new Uint8Array(8)
    const waiting = one.recv(buffer)
    const waitingVector = one.readv([buffer])
    detached(buffer)
    await other.send(Buffer.from('x'))
    const error = await rejection(waiting)
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/detached or shrunk/)
    await expect(waitingVector).rejects.toThrow(/detached or shrunk/)
    // The byte is still there.
    expect(await one.recv(Buffer.alloc(8))).toBe(1)
  })

  it('refuse memory that was transferred away in the midst of sending, and say how much had left', async () => {
    const { client, server } = await tcpPair(at.loop)
    const data = new Uint8Array(20_000_000)
    const sending = client.send(data)
    structuredClone(data.buffer, { transfer: [data.buffer] })
    client.shutdown(SHUT_WR)
    const [error, received] = await Promise.all([rejection(sending), readToEnd(server)])
    expect(error).toBeInstanceOf(TypeError)
    expect((error as { bytesTransferred: number }).bytesTransferred).toBe(received.length)
    expect(received.length).toBeGreaterThan(0)
  })

  it('peek, and then take the same', async () => {
    const { client, server } = await tcpPair(at.loop)
    const buffer = Buffer.alloc(10)
    await client.send(Buffer.from('hello'))
    expect(await server.recv(buffer, MSG_PEEK)).toBe(5)
    expect(text(buffer, 5)).toBe('hello')
    // Peeking does not add up: what is there is all there is.
    expect(await server.recv(buffer, MSG_PEEK | MSG_WAITALL)).toBe(5)
    expect(await server.recv(buffer)).toBe(5)
  })

  it('with MSG_WAITALL wait until the buffer is full, or the stream ends', async () => {
    const { client, server } = await tcpPair(at.loop)
    const buffer = Buffer.alloc(10)
    const full = server.recv(buffer, MSG_WAITALL)
    const next = server.recv(Buffer.alloc(3), MSG_WAITALL)
    for (const part of ['01234', '567', '89ab']) await client.send(Buffer.from(part))
    expect(await full).toBe(10)
    expect(buffer.toString('latin1')).toBe('0123456789')
    client.shutdown(SHUT_WR)
    expect(await next).toBe(2)
    expect(await server.recv(buffer, MSG_WAITALL)).toBe(0)
    expect(server.tryRecv(buffer)).toBe(0)
  })

  it('with MSG_WAITALL say how much came before a reset', async () => {
    const server = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    await client.connect({ host: '127.0.0.1', port: server.port })
    const peer = await server.awaitPeer()
    const buffer = Buffer.alloc(10)
    const waiting = rejection(client.recv(buffer, MSG_WAITALL))
    await peer.send('1234')
    expect(await client.recv(Buffer.alloc(9), MSG_PEEK, { timeoutMs: 0 }).catch((error) => error)).toEqual(
      failure('ERR_POLLUX_TIMEOUT'),
    )
    // Once they are taken; a reset throws away what the kernel still has.
    while (buffer[3] === 0) await new Promise((resolve) => setImmediate(resolve))
    await peer.reset()
    expect(await waiting).toEqual(failure('ECONNRESET', 'recv', { bytesTransferred: 4 }))
  })

  it('with MSG_DONTWAIT are rejected with EAGAIN where they would wait', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const buffer = Buffer.alloc(4)
    await expect(one.recv(buffer, MSG_DONTWAIT)).rejects.toEqual(failure('EAGAIN', 'recv'))
    const waiting = one.recv(buffer)
    await expect(one.recvfrom(buffer, MSG_DONTWAIT)).rejects.toEqual(failure('EAGAIN', 'recvfrom'))
    await other.send(Buffer.from('x'))
    expect(await waiting).toBe(1)
    fill(one)
    await expect(one.send(buffer, MSG_DONTWAIT)).rejects.toEqual(failure('EAGAIN', 'send'))
    // What there is room for is taken, and no more.
    const [third, fourth] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const part = await third.send(Buffer.alloc(20_000_000), MSG_DONTWAIT)
    expect(part).toBeGreaterThan(0)
    third.close()
    expect((await readToEnd(fourth)).length).toBe(part)
  })

  it('read and write are recv and send without flags', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const buffer = Buffer.alloc(9)
    expectWouldBlock(one.tryRead(buffer))
    const reading = one.read(buffer)
    expect(await other.write(Buffer.from('one'))).toBe(3)
    expect(await reading).toBe(3)
    expect(other.tryWrite(Buffer.from('more'))).toBe(4)
    expect(one.tryRead(buffer)).toBe(4)
    expect(text(buffer, 4)).toBe('more')
    other.close()
    expect(await one.read(buffer)).toBe(0)
    await expect(one.write(buffer)).rejects.toEqual(failure('EPIPE', 'write'))
    expect(() => one.tryWrite(buffer)).toThrow(failure('EPIPE', 'write'))
    expect(() => one.trySend(buffer)).toThrow(failure('EPIPE', 'send'))
  })

  it('readv and writev use many buffers as one', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const parts = [Buffer.from('ab'), new Uint8Array(0), new DataView(new Uint8Array([99, 100]).buffer)]
    expectWouldBlock(other.tryReadv([Buffer.alloc(1)]))
    expect(await one.writev(parts)).toBe(4)
    const into = [Buffer.alloc(1), Buffer.alloc(0), Buffer.alloc(2), Buffer.alloc(9)]
    expect(await other.readv(into)).toBe(4)
    expect(into.map((each) => each.toString('latin1'))).toEqual(['a', '', 'bc', 'd'.padEnd(9, '\0')])
    expect(one.tryWritev([])).toBe(0)
    expect(one.tryWritev(parts)).toBe(4)
    expect(other.tryReadv(into)).toBe(4)
  })

  it('writev goes on past IOV_MAX buffers and a full socket until all is sent', async () => {
    const { client, server } = await tcpPair(at.loop)
    const count = (constants.IOV_MAX ?? 16) * 2 + 1
    const parts = Array.from({ length: count }, () => noise(3001))
    const sending = client.writev(parts)
    // Changing the caller's array changes nothing.
    const expected = Buffer.concat(parts)
    parts.length = 0
    const received = readToEnd(server)
    expect(await sending).toBe(expected.length)
    client.shutdown(SHUT_WR)
    expectSameBytes(await received, expected)
  })

  it('writev of a datagram takes IOV_MAX buffers and no more', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_DGRAM, 0, at)
    const max = constants.IOV_MAX ?? 16
    const parts = Array.from({ length: max }, () => Buffer.from('x'))
    expect(await one.writev(parts)).toBe(max)
    expect(await other.recv(Buffer.alloc(max + 1))).toBe(max)
    expect(() => one.tryWritev([...parts, ...parts])).toThrow(failure('EINVAL', 'writev'))
    await expect(other.readv([...parts, ...parts])).rejects.toEqual(failure('EINVAL', 'readv'))
  })

  it.each([SOCK_DGRAM, SOCK_SEQPACKET])('keep records apart (type %i)', async (type) => {
    const [one, other] = socketpair(AF_UNIX, type, 0, at)
    for (const record of ['first', '', 'the second']) await one.send(Buffer.from(record))
    const buffer = Buffer.alloc(99)
    expect(await other.recv(buffer)).toBe(5)
    expect(await other.recv(buffer)).toBe(0) // an empty record
    expect(await other.recv(buffer.subarray(0, 3), MSG_WAITALL)).toBe(3) // the rest is lost
    expectWouldBlock(other.tryRecv(buffer))
    await one.send(Buffer.from('longer than the buffer'))
    if (isLinux) expect(await other.recv(buffer.subarray(0, 4), MSG_TRUNC)).toBe(22)
  })

  it('a record that is too large is refused as a whole', async () => {
    const [one] = socketpair(AF_UNIX, SOCK_DGRAM, 0, at)
    const large = Buffer.alloc(16_000_000)
    await expect(one.send(large)).rejects.toEqual(failure(/^E(MSGSIZE|NOBUFS)$/, 'send'))
  })

  it('say what a socket without a connection lacks', async () => {
    const stream = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => stream.tryRecv(Buffer.alloc(1))).toThrow(failure('ENOTCONN', 'recv'))
    await expect(stream.send(Buffer.alloc(1))).rejects.toEqual(failure(/^E(PIPE|NOTCONN)$/, 'send'))
    const datagrams = socket(AF_INET, SOCK_DGRAM, 0, at)
    await expect(datagrams.send(Buffer.alloc(1))).rejects.toEqual(failure('EDESTADDRREQ', 'send'))
  })

  it('a flag that the socket does not know is the kernel’s to refuse', async () => {
    const [one] = socketpair(AF_UNIX, SOCK_DGRAM, 0, at)
    await expect(one.send(Buffer.alloc(1), MSG_OOB)).rejects.toEqual(failure(/^E(OPNOTSUPP|NOTSUP)$/, 'send'))
  })
})

describe('urgent data', () => {
  describe.each(BACKENDS)('on %s', (backend) => {
    const at = freshLoop(backend)

    it('is waited for and received apart from the stream, at the mark', async () => {
      const { client, server } = await tcpPair(at.loop)
      const urgent = Buffer.alloc(1)
      expect(() => server.tryRecv(urgent, MSG_OOB)).toThrow(failure('EINVAL', 'recv'))
      expect(server.sockatmark()).toBe(false)
      await client.send(Buffer.from('ab'))
      await client.send(Buffer.from('!'), MSG_OOB)
      await client.send(Buffer.from('cd'))
      const buffer = Buffer.alloc(9)
      // Not across the mark.
      expect(await server.recv(buffer)).toBe(2)
      expect(text(buffer, 2)).toBe('ab')
      expect(server.sockatmark()).toBe(true)
      expect(await server.recv(urgent, MSG_OOB)).toBe(1)
      expect(urgent.toString('latin1')).toBe('!')
      expect(await server.recv(buffer)).toBe(2)
      expect(server.sockatmark()).toBe(false)
    })

    it('reaches python3 as such', async () => {
      const { client, server } = await tcpPair(at.loop)
      const child = Child.run(
        'python3',
        [
          '-c',
          `import select, socket
s = socket.socket(fileno=3)
s.setblocking(True)
select.select([], [], [s])
print("urgent", s.recv(1, socket.MSG_OOB).decode())
s.send(b"?", socket.MSG_OOB)`,
        ],
        { fd: server.fd },
      )
      await client.send(Buffer.from('!'), MSG_OOB)
      expect(await child.awaitOutput(/^urgent (.)\n/m)).toBe('!')
      expect(await child.awaitExit(), child.errors).toBe(0)
      const buffer = Buffer.alloc(1)
      expect(await client.recv(buffer, MSG_OOB).catch((error) => error.code)).toBe(1)
      expect(buffer.toString('latin1')).toBe('?')
    })
  })

  it('there is none on datagrams', () => {
    const at = { loop: new EventLoop() }
    const datagrams = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    expect(() => datagrams.sockatmark()).toThrow(failure(/^E(INVAL|NOTTY|NOTSUP|OPNOTSUPP)$/, 'sockatmark'))
    at.loop.close()
  })
})
