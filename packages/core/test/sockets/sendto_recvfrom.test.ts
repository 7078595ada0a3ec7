// sendto(2) and recvfrom(2): datagrams and who sent them.
import { join } from 'node:path'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Endpoint,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
  WOULD_BLOCK,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { expectWouldBlock, failure, freshLoop, ipAddress, tcpPair } from '../support/sockets.js'

checkFds()
afterEach(endChildren)
const folder = temporaryFolder()
let unixPaths = 0
const isLinux = process.platform === 'linux'
const hasAbstractNames = isLinux && process.env.POLLUX_NATIVE_TARGET !== 'posix'

describe.each(BACKENDS)('sendto and recvfrom on %s', (backend) => {
  const at = freshLoop(backend)
  const udp = (host = '127.0.0.1') => {
    const made = socket(host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, at)
    made.bind({ host, port: 0 })
    return made
  }
  const unix = (path = join(folder, `${++unixPaths}`)) => {
    const made = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    made.bind({ path })
    return made
  }

  it.each(['127.0.0.1', '::1'])('carry datagrams and their sender (%s)', async (host) => {
    const [one, other] = [udp(host), udp(host)]
    const buffer = Buffer.alloc(99)
    expectWouldBlock(other.tryRecvfrom(buffer))
    const waiting = other.recvfrom(buffer)
    expect(await one.sendto(Buffer.from('hello'), 0, other.getsockname())).toBe(5)
    expect(await waiting).toEqual({ bytes: 5, address: one.getsockname() })
    expect(buffer.toString('latin1', 0, 5)).toBe('hello')
    expect(other.trySendto(Buffer.from('back'), 0, one.getsockname())).toBe(4)
    expect(await one.recvfrom(buffer)).toEqual({ bytes: 4, address: other.getsockname() })
  })

  it('carry Unix datagrams, by path and without a name', async () => {
    const receiver = unix()
    const named = unix()
    const unnamed = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    await named.sendto(Buffer.from('named'), 0, receiver.getsockname())
    await unnamed.sendto(Buffer.from('unnamed'), 0, receiver.getsockname())
    const buffer = Buffer.alloc(99)
    expect(await receiver.recvfrom(buffer)).toEqual({ bytes: 5, address: named.getsockname() })
    const { bytes, address } = await receiver.recvfrom(buffer)
    expect(bytes).toBe(7)
    expect(address === undefined || (address.family === 'Unix' && address.path === '')).toBe(true)
  })

  it('carry Unix datagrams by abstract names', needs(hasAbstractNames, 'abstract names'), async () => {
    const path = `\0pollux-datagrams-${process.pid}-${backend}`
    const receiver = unix(path)
    const sender = unix(`${path}-2`)
    await sender.sendto(Buffer.from('x'), 0, { path })
    expect(await receiver.recvfrom(Buffer.alloc(9))).toEqual({
      bytes: 1,
      address: { family: 'Unix', path: `${path}-2` },
    })
  })

  it('see IPv4 senders of a dual-stack socket with mapped addresses', async () => {
    const receiver = udp('::')
    const sender = udp()
    const { port } = ipAddress(receiver.getsockname())
    await sender.sendto(Buffer.from('x'), 0, { host: '127.0.0.1', port })
    expect(await receiver.recvfrom(Buffer.alloc(9))).toEqual({
      bytes: 1,
      address: { family: 'IPv6', host: '::ffff:127.0.0.1', port: ipAddress(sender.getsockname()).port },
    })
  })

  it('carry empty datagrams, which are not the end of anything', async () => {
    const [one, other] = [udp(), udp()]
    await one.sendto(new Uint8Array(0), 0, other.getsockname())
    await one.sendto(Buffer.from('next'), 0, other.getsockname())
    const buffer = Buffer.alloc(9)
    expect(await other.recvfrom(buffer)).toEqual({ bytes: 0, address: one.getsockname() })
    expect(await other.recvfrom(buffer)).toEqual({ bytes: 4, address: one.getsockname() })
    // Into no room at all.
    await one.sendto(Buffer.from('lost'), 0, other.getsockname())
    expect(await other.recvfrom(new Uint8Array(0))).toEqual({ bytes: 0, address: one.getsockname() })
    expectWouldBlock(other.tryRecvfrom(buffer))
  })

  it('peek, truncate, and tell the true length with MSG_TRUNC', async () => {
    const [one, other] = [udp(), udp()]
    const small = Buffer.alloc(4)
    for (let i = 0; i < 2; i++) await one.sendto(Buffer.from('0123456789'), 0, other.getsockname())
    expect((await other.recvfrom(small, MSG_PEEK)).bytes).toBe(4)
    if (isLinux) expect((await other.recvfrom(small, MSG_PEEK | MSG_TRUNC)).bytes).toBe(10)
    expect((await other.recvfrom(small)).bytes).toBe(4)
    expect(small.toString('latin1')).toBe('0123')
    // MSG_WAITALL means nothing to datagrams.
    expect((await other.recvfrom(small, MSG_WAITALL)).bytes).toBe(4)
    expectWouldBlock(other.tryRecvfrom(small))
  })

  it('name no sender on a stream, and MSG_WAITALL holds there', async () => {
    const { client, server } = await tcpPair(at.loop)
    const buffer = Buffer.alloc(6)
    const waiting = server.recvfrom(buffer, MSG_WAITALL)
    await client.send(Buffer.from('abc'))
    await client.send(Buffer.from('def'))
    expect(await waiting).toEqual({ bytes: 6, address: undefined })
    client.close()
    expect(await server.recvfrom(buffer)).toEqual({ bytes: 0, address: undefined })
  })

  it('exchange datagrams with python3', async () => {
    const child = Child.run('python3', [
      '-uc',
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print("port", s.getsockname()[1])
data, who = s.recvfrom(100)
s.sendto(data[::-1] + b" " + str(who[1]).encode(), who)`,
    ])
    const here = udp()
    await here.sendto(Buffer.from('abc'), 0, { host: '127.0.0.1', port: await child.awaitPort() })
    const buffer = Buffer.alloc(99)
    const { bytes } = await here.recvfrom(buffer)
    expect(buffer.toString('latin1', 0, bytes)).toBe(`cba ${ipAddress(here.getsockname()).port}`)
    expect(await child.awaitExit()).toBe(0)
  })

  it('wait for room in the queue of a Unix receiver, connected or not, and burn no processor meanwhile', async () => {
    const receiver = unix()
    const address = receiver.getsockname()
    const loose = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    const tied = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    await tied.connect(address)
    let queued = 0
    while (loose.trySendto(Buffer.from('x'), 0, address) !== WOULD_BLOCK) queued += 1
    const waiting = [loose.sendto(Buffer.from('y'), 0, address), tied.send(Buffer.from('z'))]
    await expect(loose.sendto(Buffer.from('y'), MSG_DONTWAIT, address)).rejects.toEqual(failure('EAGAIN'))
    const rounds = at.loop.counter('rounds')
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Two watched sockets and a handful of retries, not a round for each look at the processor.
    expect(at.loop.counter('rounds') - rounds).toBeLessThan(50)
    const received: string[] = []
    const buffer = Buffer.alloc(9)
    while (received.length < queued + 2) {
      const { bytes } = await receiver.recvfrom(buffer)
      received.push(buffer.toString('latin1', 0, bytes))
    }
    expect(await Promise.all(waiting)).toEqual([1, 1])
    expect(received.sort().join('')).toBe(`${'x'.repeat(queued)}yz`)
  })
})

describe('sendto', () => {
  const at = freshLoop()
  const udp = () => socket(AF_INET, SOCK_DGRAM, 0, at)

  it('says what is wrong with the destination', async () => {
    const refused = async (from: Socket, to: Endpoint, code: string | RegExp) => {
      await expect(from.sendto(Buffer.from('x'), 0, to)).rejects.toEqual(failure(code, 'sendto'))
      expect(() => from.trySendto(Buffer.from('x'), 0, to)).toThrow(failure(code, 'sendto'))
    }
    await refused(udp(), { host: '::1', port: 9 }, /^E(AFNOSUPPORT|INVAL)$/)
    await refused(udp(), { host: '127.0.0.1', port: 0 }, /^E(INVAL|ADDRNOTAVAIL)$/)
    // SO_BROADCAST is not set.
    await refused(udp(), { host: '255.255.255.255', port: 9 }, /^E(ACCES|NETUNREACH)$/)
    const unix = socket(AF_UNIX, SOCK_DGRAM, 0, at)
    await refused(unix, { path: join(folder, 'missing') }, 'ENOENT')
    const path = join(folder, 'stream')
    const stream = socket(AF_UNIX, SOCK_STREAM, 0, at)
    stream.bind({ path })
    await refused(unix, { path }, 'EPROTOTYPE')
    const error = await unix.sendto(Buffer.from('x'), 0, { path }).catch((caught) => caught)
    expect(error).toMatchObject({ address: path, syscall: 'sendto' })
  })

  it('refuses what is no address', async () => {
    for (const bad of [undefined, null, 'x', {}, { host: 'localhost', port: 9 }]) {
      await expect(udp().sendto(Buffer.from('x'), 0, bad as Endpoint)).rejects.toThrow(/address/)
      expect(() => udp().trySendto(Buffer.from('x'), 0, bad as Endpoint)).toThrow(/address/)
    }
  })

  it('refuses a datagram that no packet holds (EMSGSIZE)', async () => {
    const here = udp()
    here.bind({ host: '127.0.0.1', port: 0 })
    await expect(here.sendto(Buffer.alloc(65_508), 0, here.getsockname())).rejects.toEqual(
      failure('EMSGSIZE', 'sendto', { message: expect.stringContaining('as a whole or not at all') }),
    )
    expect(await here.sendto(Buffer.alloc(65_507), 0, here.getsockname())).toBe(65_507)
    expect(await here.recv(Buffer.alloc(70_000))).toBe(65_507)
  })

  it('on a connected stream: EISCONN on Unix sockets, no address is needed', async () => {
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    await expect(one.sendto(Buffer.from('x'), 0, { path: '/tmp/x' })).rejects.toEqual(
      failure(/^E(ISCONN|OPNOTSUPP)$/, 'sendto'),
    )
  })
})
