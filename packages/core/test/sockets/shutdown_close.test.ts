// shutdown(2) and close(2): half an end, a whole one, and whoever waits meanwhile.
import { closeSync, existsSync } from 'node:fs'
import {
  AF_INET,
  AF_UNIX,
  EventLoop,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  type Socket,
  socket,
  socketpair,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { listeningPeer } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import {
  expectWouldBlock,
  failure,
  fill,
  freshLoop,
  listening,
  rejection,
  tcpPair,
} from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const isLinux = process.platform === 'linux'
const isOpen = (fd: number) => existsSync(`/proc/self/fd/${fd}`)
const CLOSED = failure('ERR_POLLUX_CLOSED')

describe.each(BACKENDS)('shutdown on %s', (backend) => {
  const at = freshLoop(backend)

  it('of the sending half: the peer sees the end after the last byte, and can still answer', async () => {
    const server = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const client = socket(AF_INET, SOCK_STREAM, 0, at)
    await client.connect({ host: '127.0.0.1', port: server.port })
    const peer = await server.awaitPeer()
    await client.send(Buffer.from('last words'))
    client.shutdown(SHUT_WR)
    await peer.awaitEnd()
    await peer.expectBytes('last words')
    await expect(client.send(Buffer.from('x'))).rejects.toEqual(failure('EPIPE', 'send'))
    await peer.send('answer')
    expect(await client.recv(Buffer.alloc(99))).toBe(6)
    client.shutdown(SHUT_WR) // again: nothing happens
  })

  it('wakes who waits in that half', async () => {
    const { client } = await tcpPair(at.loop)
    const receiving = client.recv(Buffer.alloc(9))
    client.shutdown(SHUT_RD)
    expect(await receiving).toBe(0)
    const [one] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    fill(one)
    const sending = one.send(Buffer.from('x'))
    one.shutdown(SHUT_RDWR)
    await expect(sending).rejects.toEqual(failure('EPIPE', 'send'))
  })

  it('of a socket without a connection is ENOTCONN; of no known half EINVAL', async () => {
    const fresh = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => fresh.shutdown(SHUT_WR)).toThrow(failure('ENOTCONN', 'shutdown'))
    const { client } = await tcpPair(at.loop)
    expect(() => client.shutdown(77)).toThrow(failure('EINVAL', 'shutdown'))
    for (const bad of ['1', 1.5, undefined, 2 ** 31])
      expect(() => client.shutdown(bad as number)).toThrow(/"how"/)
  })
})

describe.each(BACKENDS)('close on %s', (backend) => {
  const at = freshLoop(backend)

  it('closes the descriptor before it returns, watched or not', needs(isLinux, 'Linux'), async () => {
    const { client, server } = await tcpPair(at.loop)
    const { fd } = server
    const waiting = rejection(server.recv(Buffer.alloc(9)))
    server.close()
    expect(isOpen(fd)).toBe(false)
    expect(server.closed).toBe(true)
    expect(await waiting).toEqual(CLOSED)
    expect(await client.recv(Buffer.alloc(9))).toBe(0)
  })

  it('may be called again, and by using', async () => {
    const fresh = socket(AF_UNIX, SOCK_STREAM, 0, at)
    fresh.close()
    fresh.close()
    let leaked: Socket
    let also: Socket
    {
      using one = socket(AF_UNIX, SOCK_STREAM, 0, at)
      await using other = socket(AF_UNIX, SOCK_STREAM, 0, at)
      leaked = one
      also = other
      expect([one.closed, other.closed]).toEqual([false, false])
    }
    expect([leaked.closed, also.closed]).toEqual([true, true])
  })

  it('rejects everything that waits, each in its own words, with what it had done', async () => {
    const { client, server } = await tcpPair(at.loop)
    const data = Buffer.alloc(20_000_000)
    const buffer = Buffer.alloc(10)
    await server.send(Buffer.from('1234'))
    expect(await client.recv(buffer, MSG_PEEK)).toBe(4) // they have arrived
    const waiting = [
      rejection(client.send(data)),
      rejection(client.recv(buffer, MSG_WAITALL)),
      rejection(client.recvfrom(buffer)),
      rejection(client.write(data)),
    ]
    client.close()
    const [sent, received, from, written] = await Promise.all(waiting)
    expect(sent).toEqual(failure('ERR_POLLUX_CLOSED', 'send', { bytesTransferred: expect.any(Number) }))
    if (isLinux) expect(received).toEqual(failure('ERR_POLLUX_CLOSED', 'recv', { bytesTransferred: 4 }))
    expect(from).toEqual(failure('ERR_POLLUX_CLOSED', 'recvfrom'))
    expect(written).toEqual(failure('ERR_POLLUX_CLOSED', 'write'))
    expect(from).not.toHaveProperty('bytesTransferred')
  })

  it('of the loop rejects what waits on its sockets', async () => {
    const { listener } = listening(at.loop)
    const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
    const waiting = [rejection(listener.accept()), rejection(one.recv(Buffer.alloc(1)))]
    at.loop.close()
    expect(await Promise.all(waiting)).toEqual([
      failure('ERR_POLLUX_CLOSED', 'accept'),
      failure('ERR_POLLUX_CLOSED', 'recv'),
    ])
    expect([one.closed, other.closed, listener.closed]).toEqual([true, true, true])
    one.close()
  })

  it('makes every later call a clear error', async () => {
    const gone = socket(AF_INET, SOCK_STREAM, 0, at)
    gone.close()
    const bytes = Buffer.alloc(1)
    const to = { host: '127.0.0.1', port: 9 }
    for (const use of [
      () => gone.fd,
      () => gone.bind(to),
      () => gone.listen(),
      () => gone.tryAccept(),
      () => gone.tryConnect(to),
      () => gone.tryConnect({ family: 'Unspecified' }),
      () => gone.tryRecv(bytes),
      () => gone.trySend(bytes),
      () => gone.tryRecvfrom(bytes),
      () => gone.trySendto(bytes, 0, to),
      () => gone.tryRead(bytes),
      () => gone.tryWrite(bytes),
      () => gone.tryReadv([bytes]),
      () => gone.tryWritev([bytes]),
      () => gone.shutdown(SHUT_WR),
      () => gone.sockatmark(),
      () => gone.getsockname(),
      () => gone.getpeername(),
      () => gone.detach(),
      () => gone.ref(),
      () => gone.unref(),
    ]) {
      expect(use).toThrow(CLOSED)
    }
    for (const promise of [
      gone.accept(),
      gone.connect(to),
      gone.connect({ family: 'Unspecified' }),
      gone.recv(bytes),
      gone.send(bytes),
      gone.recvfrom(bytes),
      gone.sendto(bytes, 0, to),
      gone.read(bytes),
      gone.write(bytes),
      gone.readv([bytes]),
      gone.writev([bytes]),
    ]) {
      await expect(promise).rejects.toEqual(CLOSED)
    }
  })

  it('in the midst of a batch of ready sockets disturbs no other', async () => {
    const pairs = Array.from({ length: 8 }, () => socketpair(AF_UNIX, SOCK_STREAM, 0, at))
    const results = pairs.map(([one], index) =>
      one.recv(Buffer.alloc(9)).then(
        (bytes) => {
          // The first to be told closes a later one, which is ready as well, and takes its place.
          if (index === 0) {
            pairs[7][0].close()
            pairs[7][0] = socket(AF_UNIX, SOCK_STREAM, 0, at)
          }
          return bytes
        },
        (error) => error,
      ),
    )
    for (const [, other] of pairs) other.trySend(Buffer.from('x'))
    const settled = await Promise.all(results)
    expect(settled.slice(0, 7)).toEqual(Array(7).fill(1))
    expect([1, 'ERR_POLLUX_CLOSED']).toContain(settled[7].code ?? settled[7])
    expectWouldBlock(pairs[1][0].tryRecv(Buffer.alloc(1)))
  })

  it(
    'of a socket whose file another descriptor keeps open leaves nothing behind in the poller',
    needs(isLinux, 'Linux'),
    async () => {
      const { client, server } = await tcpPair(at.loop)
      const child = Child.run('cat', [], { fd: server.fd })
      const waiting = rejection(server.recv(Buffer.alloc(9)))
      server.close()
      expect(await waiting).toEqual(CLOSED)
      await client.send(Buffer.from('nobody reads this'))
      const rounds = at.loop.counter('staleEvents')
      const [one, other] = socketpair(AF_UNIX, SOCK_STREAM, 0, at)
      const still = one.recv(Buffer.alloc(1))
      await other.send(Buffer.from('x'))
      expect(await still).toBe(1)
      expect(at.loop.counter('staleEvents')).toBe(rounds)
      child.process.stdin?.end()
      await child.awaitExit()
    },
  )
})

describe('the process', () => {
  const core = new URL('../../dist/index.js', import.meta.url)
  const run = (program: string) =>
    Child.node([
      '--input-type=module',
      '-e',
      `import { AF_UNIX, SHUT_WR, SOCK_STREAM, socket, socketpair } from '${core}'\n${program}`,
    ])

  it('ends when no referenced socket is open', async () => {
    const child = run(`
      const [one, other] = socketpair(AF_UNIX, SOCK_STREAM)
      other.unref()
      one.close()
      other.recv(Buffer.alloc(1), 0, { timeoutMs: 60_000 })
      console.log('end')`)
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('end\n')
  })

  it('lives while one is open', async () => {
    const child = run(`
      const [one, other] = socketpair(AF_UNIX, SOCK_STREAM)
      other.unref().ref()
      one.unref()
      setTimeout(() => { console.log('alive'); other.close() }, 50).unref()`)
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('alive\n')
  })

  it('gets no SIGPIPE', async () => {
    const child = Child.run('python3', [
      '-c',
      `import signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(subprocess.call(sys.argv[1:]))`,
      process.execPath,
      '--input-type=module',
      '-e',
      `import { AF_UNIX, SHUT_WR, SOCK_STREAM, socketpair } from '${core}'
      const [one, other] = socketpair(AF_UNIX, SOCK_STREAM)
      one.shutdown(SHUT_WR)
      other.close()
      for (const call of [() => one.trySend(Buffer.alloc(1)), () => one.tryWrite(Buffer.alloc(1)), () => one.tryWritev([Buffer.alloc(1)])]) {
        try { call() } catch (error) { console.log(error.code) }
      }
      one.close()`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('EPIPE\nEPIPE\nEPIPE\n')
  })
})

describe('detach', () => {
  it('leaves an open descriptor behind, which its new owner closes', async () => {
    const loop = new EventLoop()
    const fresh = socket(AF_UNIX, SOCK_STREAM, 0, { loop })
    const { fd } = fresh
    expect(fresh.detach()).toBe(fd)
    expect(fresh.closed).toBe(true)
    fresh.close()
    loop.close()
    if (isLinux) expect(isOpen(fd)).toBe(true)
    closeSync(fd)
  })
})
