// connect(2) and getpeername(2): begun, finished, refused, done twice, and taken back.
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Endpoint,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { listeningPeer } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { failure, freshLoop, ipAddress, listening } from '../support/sockets.js'

checkFds()
afterEach(endChildren)
const folder = temporaryFolder()
let unixPaths = 0
const isLinux = process.platform === 'linux'

/** A port of this machine on which nobody listens: ours, bound and not listening, so that nobody takes it. */
function deadPort(at: { loop: Socket['loop'] }) {
  const taken = socket(AF_INET, SOCK_STREAM, 0, at)
  taken.bind({ host: '127.0.0.1', port: 0 })
  return ipAddress(taken.getsockname())
}

describe.each(BACKENDS)('connect on %s', (backend) => {
  const at = freshLoop(backend)
  const fresh = (family: number, type = SOCK_STREAM) => socket(family, type, 0, at)

  it.each(['127.0.0.1', '::1'])('reaches a server at %s', async (host) => {
    const server = await listeningPeer({ host, port: 0 })
    const client = fresh(host === '::1' ? AF_INET6 : AF_INET)
    await client.connect({ host, port: server.port })
    const peer = await server.awaitPeer()
    expect(client.getpeername()).toMatchObject({ host, port: server.port })
    expect(client.getsockname()).toMatchObject({ host, port: peer.socket.remotePort })
    await client.send(Buffer.from('hello'))
    await peer.expectBytes('hello')
  })

  it('reaches an IPv4 server from an IPv6 socket, by a mapped address', async () => {
    const server = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const client = fresh(AF_INET6)
    await client.connect({ host: '::ffff:127.0.0.1', port: server.port })
    expect((await server.awaitPeer()).socket.remoteAddress).toBe('127.0.0.1')
  })

  it('begins at once, and SO_ERROR tells the end', async () => {
    const { listener, address } = listening(at.loop)
    const client = fresh(AF_INET)
    expect([undefined, WOULD_BLOCK]).toContain(client.tryConnect(address))
    await listener.accept()
    // The handshake is over: another call only says so, one way or the other.
    expect(() => {
      client.tryConnect(address)
      client.tryConnect(address)
    }).toThrow(failure('EISCONN', 'connect'))
    expect(client.getpeername()).toEqual(address)
  })

  it('is refused where nobody listens', async () => {
    const address = deadPort(at)
    const refused = failure('ECONNREFUSED', 'connect', {
      address: '127.0.0.1',
      port: address.port,
      message: `connect 127.0.0.1:${address.port}: connection refused (ECONNREFUSED); nothing listens there`,
    })
    await expect(fresh(AF_INET).connect(address)).rejects.toEqual(refused)
  })

  it('is connected once: EISCONN, by the call and by the promise', async () => {
    const { address } = listening(at.loop)
    const client = fresh(AF_INET)
    await client.connect(address)
    expect(() => client.tryConnect(address)).toThrow(failure('EISCONN', 'connect'))
    await expect(client.connect(address)).rejects.toEqual(failure('EISCONN', 'connect'))
  })

  // A listener whose queue is full does not answer: Linux drops the SYN.
  it(
    'under way it is EINPROGRESS, then EALREADY; it can be aborted and has a timeout',
    needs(isLinux, 'Linux'),
    async () => {
      const { listener, address } = listening(at.loop, { backlog: 0 })
      const clients: Socket[] = []
      // The first few find room in the queue.
      await eventually('a connect that hangs', () => {
        const client = fresh(AF_INET)
        clients.push(client)
        client.tryConnect(address)
        return clients.length > 4
      })
      const client = clients[clients.length - 1]
      expect(() => client.tryConnect(address)).toThrow(failure('EALREADY', 'connect'))
      expect(() => client.getpeername()).toThrow(failure('ENOTCONN', 'getpeername'))

      const hanging = fresh(AF_INET)
      await expect(hanging.connect(address, { timeoutMs: 20 })).rejects.toEqual(
        failure('ERR_POLLUX_TIMEOUT', 'connect'),
      )
      const controller = new AbortController()
      const reason = new Error('no longer')
      const aborted = fresh(AF_INET).connect(address, { signal: controller.signal })
      controller.abort(reason)
      await expect(aborted).rejects.toBe(reason)
      const closing = fresh(AF_INET)
      const pending = closing.connect(address)
      const next = closing.connect(address)
      closing.close()
      await expect(pending).rejects.toEqual(failure('ERR_POLLUX_CLOSED'))
      await expect(next).rejects.toEqual(failure('ERR_POLLUX_CLOSED'))
      listener.close()
    },
  )

  it.each([SOCK_STREAM, SOCK_SEQPACKET])('reaches a Unix socket (type %i)', async (type) => {
    const path = join(folder, `${++unixPaths}`)
    const listener = fresh(AF_UNIX, type)
    listener.bind({ path })
    const client = fresh(AF_UNIX, type)
    expect(() => client.tryConnect({ path })).toThrow(failure('ECONNREFUSED', 'connect', { address: path }))
    listener.listen()
    await client.connect({ path })
    expect(client.getpeername()).toEqual({ family: 'Unix', path })
    const { socket: accepted } = await listener.accept()
    await accepted.send(Buffer.from('hi'))
    expect(await client.recv(Buffer.alloc(9))).toBe(2)
  })

  it('says what is wrong with a path', async () => {
    const path = join(folder, `${++unixPaths}`)
    const datagrams = fresh(AF_UNIX, SOCK_DGRAM)
    datagrams.bind({ path })
    const wrong = [
      [join(folder, 'missing'), 'ENOENT'],
      [path, 'EPROTOTYPE'],
      ['x'.repeat(200), 'ENAMETOOLONG'],
      [folder, 'ECONNREFUSED'],
    ]
    for (const [to, code] of wrong) {
      await expect(fresh(AF_UNIX).connect({ path: to })).rejects.toEqual(
        failure(code, 'connect', { address: to }),
      )
    }
  })

  it('a datagram socket gets a peer, another one, and none', async () => {
    const one = fresh(AF_INET, SOCK_DGRAM)
    const other = fresh(AF_INET, SOCK_DGRAM)
    for (const each of [one, other]) each.bind({ host: '127.0.0.1', port: 0 })
    const client = fresh(AF_INET, SOCK_DGRAM)
    expect(client.tryConnect(one.getsockname())).toBeUndefined()
    expect(client.getpeername()).toEqual(one.getsockname())
    await client.connect(other.getsockname())
    expect(client.getpeername()).toEqual(other.getsockname())
    await client.send(Buffer.from('to the second'))
    expect(await other.recv(Buffer.alloc(99))).toBe(13)
    await client.connect({ family: 'Unspecified' })
    expect(() => client.getpeername()).toThrow(failure('ENOTCONN', 'getpeername'))
    await expect(client.send(Buffer.from('x'))).rejects.toEqual(failure('EDESTADDRREQ', 'send'))
    expect(client.tryConnect({ family: 'Unspecified' })).toBeUndefined()
  })

  it('tells a connected datagram socket that nobody listens, with the next call', async () => {
    const gone = fresh(AF_INET, SOCK_DGRAM)
    gone.bind({ host: '127.0.0.1', port: 0 })
    const client = fresh(AF_INET, SOCK_DGRAM)
    await client.connect(gone.getsockname())
    gone.close()
    await client.send(Buffer.from('hello?'))
    await expect(client.recv(Buffer.alloc(9))).rejects.toEqual(failure('ECONNREFUSED', 'recv'))
  })

  it('reaches python3', async () => {
    const child = Child.run('python3', [
      '-uc',
      `import socket
s = socket.create_server(("127.0.0.1", 0))
print("port", s.getsockname()[1])
c, _ = s.accept()
c.sendall(c.recv(100).upper())`,
    ])
    const client = fresh(AF_INET)
    await client.connect({ host: '127.0.0.1', port: await child.awaitPort() })
    await client.send(Buffer.from('hello'))
    const buffer = Buffer.alloc(9)
    expect(await client.recv(buffer)).toBe(5)
    expect(buffer.toString('latin1', 0, 5)).toBe('HELLO')
    expect(await child.awaitExit()).toBe(0)
  })

  it('a hundred at once all arrive', async () => {
    const server = createServer((each) => each.end('x'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const bytes = await Promise.all(
      Array.from({ length: 100 }, async () => {
        await using client = fresh(AF_INET)
        await client.connect({ host: '127.0.0.1', port })
        return await client.recv(Buffer.alloc(2))
      }),
    )
    expect(bytes).toEqual(Array(100).fill(1))
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('connect', () => {
  const at = freshLoop()

  it.each<[string, number, Endpoint, RegExp]>([
    ['of another family', AF_INET, { host: '::1', port: 80 }, /^E(AFNOSUPPORT|INVAL)$/],
    ['a path', AF_INET, { path: '/tmp/x' }, /^E(AFNOSUPPORT|INVAL)$/],
    ['port 0', AF_INET, { host: '127.0.0.1', port: 0 }, /^E(CONNREFUSED|ADDRNOTAVAIL)$/],
    [
      'the broadcast address',
      AF_INET,
      { host: '255.255.255.255', port: 80 },
      /^E(NETUNREACH|ACCES|ADDRNOTAVAIL|HOSTUNREACH)$/,
    ],
  ])('refuses an address: %s', async (_what, family, address, code) => {
    await expect(socket(family, SOCK_STREAM, 0, at).connect(address)).rejects.toEqual(
      failure(code, 'connect'),
    )
  })

  it('refuses what is no address, as a rejection', async () => {
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    for (const bad of [
      undefined,
      null,
      'localhost:80',
      {},
      { host: 'localhost', port: 80 },
      { host: '127.0.0.1', port: 70_000 },
    ]) {
      await expect(client.connect(bad as Endpoint)).rejects.toThrow(/address/)
      expect(() => client.tryConnect(bad as Endpoint)).toThrow(/address/)
    }
  })
})
