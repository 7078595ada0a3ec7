// Descriptors that come and go: fromFd, detach, worker threads, child processes, the service manager.
import { closeSync, openSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EventLoop,
  IPPROTO_TCP,
  inheritedSockets,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  socket,
  socketpair,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { Peer } from '../../../native-poll/test/support/peer.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { failure, freshLoop, ipAddress, listening, openFlags, tcpPair } from '../support/sockets.js'

checkFds()
afterEach(endChildren)

const isLinux = process.platform === 'linux'
const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const core = new URL('../../dist/index.js', import.meta.url)

/** A program of modules, with `fds` from its descriptor 3 on. */
function program(text: string, fds: number[] = [], env: NodeJS.ProcessEnv = {}) {
  const code = `import * as pollux from '${core}'\nconst { Socket, inheritedSockets, EventLoop } = pollux\n${text}`
  // The shell passes one descriptor on under as many numbers as asked for.
  const extra = fds.map((_, index) => `${index + 4}<&3`).slice(0, -1)
  const command = `${Object.keys(env).includes('LISTEN_FDS') ? 'LISTEN_PID=$$ ' : ''}exec "$0" --input-type=module -e "$1" ${extra.join(' ')}`
  return Child.run('sh', ['-c', command, process.execPath, code], { env, fd: fds[0] })
}

describe.each(BACKENDS)('fromFd on %s', (backend) => {
  const at = freshLoop(backend)

  it.each([
    [AF_INET, SOCK_STREAM],
    [AF_INET6, SOCK_DGRAM],
    [AF_UNIX, SOCK_STREAM],
    [AF_UNIX, SOCK_DGRAM],
    [AF_UNIX, SOCK_SEQPACKET],
  ])('finds out what it is (family %i, type %i)', (family, type) => {
    const fd = socket(family, type, 0, at).detach()
    const adopted = Socket.fromFd(fd, at)
    expect([adopted.fd, adopted.family, adopted.type, adopted.closed]).toEqual([fd, family, type, false])
    if (family === AF_INET && isLinux) expect(adopted.protocol).toBe(IPPROTO_TCP)
    if (isLinux) expect(openFlags(fd) & (O_NONBLOCK | O_CLOEXEC)).toBe(O_NONBLOCK | O_CLOEXEC)
    adopted.close()
  })

  it('goes on with a connection where it was', async () => {
    const { client, server } = await tcpPair(at.loop)
    await client.send(Buffer.from('before'))
    const waiting = server.recv(Buffer.alloc(99))
    await waiting
    const pending = server.recv(Buffer.alloc(99))
    const fd = server.detach()
    await expect(pending).rejects.toEqual(
      failure('ERR_POLLUX_CLOSED', 'recv', { message: expect.stringContaining('detached') }),
    )
    const other = new EventLoop({ backend })
    const adopted = Socket.fromFd(fd, { loop: other })
    expect(adopted.loop).toBe(other)
    const received = adopted.recv(Buffer.alloc(99))
    await client.send(Buffer.from('after'))
    expect(await received).toBe(5)
    other.close()
    expect(await client.recv(Buffer.alloc(1))).toBe(0)
  })

  it('refuses what is no socket, and leaves it alone', () => {
    const file = openSync('/dev/null', 'r')
    expect(() => Socket.fromFd(file, at)).toThrow(failure('ENOTSOCK', 'getsockopt'))
    closeSync(file)
    expect(() => Socket.fromFd(9999, at)).toThrow(failure('EBADF', 'getsockopt'))
    expect(() => Socket.fromFd(9999, at)).toThrow(/open socket, and was given 9999$/)
    const owned = socket(AF_INET, SOCK_STREAM, 0, at)
    expect(() => Socket.fromFd(owned.fd, at)).toThrow(failure('EEXIST'))
    for (const bad of [-1, 1.5, '3', undefined, 2 ** 31]) {
      expect(() => Socket.fromFd(bad as number, at)).toThrow(/"fd"/)
    }
    expect(owned.getsockname()).toMatchObject({ port: 0 })
  })
})

describe('a socket passes', () => {
  const at = freshLoop()

  it('to a worker thread, which goes on with it', async () => {
    const { client, server } = await tcpPair(at.loop)
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads')
      const { Socket } = require(${JSON.stringify(core.pathname)})
      ;(async () => {
        const socket = Socket.fromFd(workerData)
        const buffer = Buffer.alloc(9)
        const bytes = await socket.recv(buffer)
        await socket.send(Buffer.from(buffer.toString('latin1', 0, bytes).toUpperCase()))
        parentPort.postMessage(socket.getpeername())
        socket.close()
      })()`,
      { eval: true, workerData: server.detach() },
    )
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const told = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await client.send(Buffer.from('hello'))
    const buffer = Buffer.alloc(9)
    expect(await client.recv(buffer)).toBe(5)
    expect(buffer.toString('latin1', 0, 5)).toBe('HELLO')
    expect(await told).toEqual(client.getsockname())
    expect(await ended).toBe(0)
    expect(await client.recv(buffer)).toBe(0)
  })

  it('and a worker that ends closes what it has', async () => {
    const { client, server } = await tcpPair(at.loop)
    const worker = new Worker(
      `const { Socket } = require(${JSON.stringify(core.pathname)})
      const socket = Socket.fromFd(require('node:worker_threads').workerData)
      socket.recv(Buffer.alloc(9)).catch(() => {})
      socket.send(Buffer.from('x'))`,
      { eval: true, workerData: server.detach() },
    )
    expect(await client.recv(Buffer.alloc(9))).toBe(1)
    await worker.terminate()
    expect(await client.recv(Buffer.alloc(9))).toBe(0)
  })

  it('to a child process of ours, which accepts on it', async () => {
    const { listener, address } = listening(at.loop)
    const child = program(
      `const listener = Socket.fromFd(3)
      const { socket, address } = await listener.accept()
      await socket.send(Buffer.from('from the child'))
      console.log(JSON.stringify(address))
      socket.close()
      listener.close()`,
      [listener.fd],
    )
    const peer = await Peer.connect({ host: address.host, port: address.port })
    await peer.expectBytes('from the child')
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(JSON.parse(child.output)).toEqual({
      family: 'IPv4',
      host: '127.0.0.1',
      port: peer.socket.localPort,
    })
  })

  it('to python3, and what python3 opened passes to us', async () => {
    const [one, other] = socketpair(AF_UNIX, SOCK_DGRAM, 0, at)
    const child = Child.run(
      'python3',
      [
        '-c',
        'import socket\ns = socket.socket(fileno=3)\nprint(s.family.name, s.type.name)\ns.send(b"datagram")',
      ],
      { fd: other.fd },
    )
    expect(await one.recv(Buffer.alloc(99))).toBe(8)
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('AF_UNIX SOCK_DGRAM\n')
    const starter = Child.run('python3', [
      '-c',
      `import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
os.dup2(s.fileno(), 9)
os.execv(sys.argv[1], sys.argv[1:])`,
      process.execPath,
      '--input-type=module',
      '-e',
      `import { Socket } from '${core}'
      const listener = Socket.fromFd(9)
      console.log('port', listener.getsockname().port)
      const { socket } = await listener.accept()
      await socket.send(Buffer.from('hi'))
      socket.close()
      listener.close()`,
    ])
    const peer = await Peer.connect({ host: '127.0.0.1', port: await starter.awaitPort() })
    await peer.expectBytes('hi')
    expect(await starter.awaitExit(), starter.errors).toBe(0)
  })
})

describe('inheritedSockets', () => {
  const at = freshLoop()

  it('takes what the service manager opened, once', async () => {
    const { listener, address } = listening(at.loop)
    const child = program(
      `const all = inheritedSockets()
      console.log(JSON.stringify(all.map(({ name, socket }) => [name, socket.fd, socket.getsockname().port])))
      console.log(inheritedSockets().length, Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')).length)
      const { socket } = await all[1].socket.accept()
      await socket.send(Buffer.from('served'))
      EventLoop.default().close()`,
      [listener.fd, listener.fd],
      { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:' },
    )
    const peer = await Peer.connect({ host: address.host, port: address.port })
    await peer.expectBytes('served')
    expect(await child.awaitExit(), child.errors).toBe(0)
    const { port } = ipAddress(listener.getsockname())
    expect(child.output).toBe(
      `${JSON.stringify([
        ['web', 3, port],
        ['unknown', 4, port],
      ])}\n0 0\n`,
    )
  })

  it('takes none that are for another process, or where there are none', async () => {
    const child = program(
      `console.log(inheritedSockets().length)
      process.env.LISTEN_PID = String(process.ppid)
      console.log(inheritedSockets().length, process.env.LISTEN_FDS)`,
      [],
      {},
    )
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('0\n0 undefined\n')
    process.env.LISTEN_PID = String(process.pid + 1)
    process.env.LISTEN_FDS = '1'
    try {
      expect(inheritedSockets(at)).toEqual([])
      expect(process.env.LISTEN_FDS).toBe('1')
    } finally {
      delete process.env.LISTEN_PID
      delete process.env.LISTEN_FDS
    }
  })

  it.each([
    ['LISTEN_FDS', { LISTEN_FDS: 'two' }, 'EINVAL'],
    ['LISTEN_FDNAMES', { LISTEN_FDS: '1', LISTEN_FDNAMES: 'a:b' }, 'EINVAL'],
    ['a descriptor that is no socket', { LISTEN_FDS: '2' }, 'ENOTSOCK|EBADF'],
  ])('says what makes no sense, and takes nothing: %s', async (_what, env, codes) => {
    const { listener } = listening(at.loop)
    const child = program(
      `try { inheritedSockets() } catch (error) { console.log(error.code, Socket.fromFd(3).fd, error.message) }
      EventLoop.default().close()`,
      [listener.fd],
      env,
    )
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toMatch(new RegExp(`^(${codes}) 3 `))
  })
})
