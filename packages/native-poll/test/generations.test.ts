// A socket that is gone is recognised, although its slot and its descriptor are somebody else's by now.
import { join } from 'node:path'
import { HANDLE_BASE, Readiness } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { checkFds } from './support/leaks.js'
import { listeningPeer } from './support/peer.js'
import { constants } from './support/raw_reactor.js'
import { BACKENDS, connectTcp, errorOf, listenUnix, ok, readyTogether, serveTcp } from './support/server.js'

checkFds()

const folder = temporaryFolder()

describe.each(BACKENDS)('a stale handle on %s', (backend) => {
  it('is EBADF to every method', async () => {
    const { reactor, socket } = await closedSocket()
    const { native } = reactor
    expect(errorOf(native.bindIp(socket, '127.0.0.1', 0, 0))).toBe('EBADF')
    expect(errorOf(native.bindUnix(socket, '/nowhere/at/all'))).toBe('EBADF')
    expect(errorOf(native.listen(socket, 1, true))).toBe('EBADF')
    expect(errorOf(native.connectIp(socket, '127.0.0.1', 1, 0, true))).toBe('EBADF')
    expect(errorOf(native.connectUnix(socket, '/nowhere', true))).toBe('EBADF')
    expect(errorOf(native.open(socket, true))).toBe('EBADF')
    expect(errorOf(native.setOption(socket, constants.SOL_SOCKET, constants.SO_KEEPALIVE, 1))).toBe('EBADF')
    expect(errorOf(native.getOption(socket, constants.SOL_SOCKET, constants.SO_TYPE)[0])).toBe('EBADF')
    expect(errorOf(native.localAddress(socket) as number)).toBe('EBADF')
    expect(errorOf(native.remoteAddress(socket) as number)).toBe('EBADF')
    expect(errorOf(native.fd(socket))).toBe('EBADF')
    expect(errorOf(native.write(socket, Buffer.from('x')))).toBe('EBADF')
    expect(errorOf(native.watch(socket, Readiness.READABLE))).toBe('EBADF')
    native.ref(socket)
    native.unref(socket)
    expect(errorOf(native.fd(Number.MAX_SAFE_INTEGER))).toBe('EBADF')
    expect(errorOf(native.fd(0))).toBe('EBADF')
  })

  it('touches nobody, when slot and descriptor belong to another socket', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const { reactor, socket: old, fd } = await closedSocket()
    const socket = connectTcp(reactor, far.port)
    expect(socket % HANDLE_BASE).toBe(old % HANDLE_BASE)
    expect(reactor.native.fd(socket)).toBe(fd)
    const peer = await far.awaitPeer()
    await reactor.awaitEvent(socket, 'CONNECT')
    for (const op of ['PAUSE', 'END', 'CLOSE', 'DESTROY', 'RESET', 'WATCH_DRAIN'] as const) {
      reactor.submit(op, old)
    }
    reactor.submit('WRITE', old, 0, 10)
    reactor.native.submit()
    expect(reactor.counter('rejectedSubmissions')).toBe(7)
    expect(errorOf(reactor.native.write(old, Buffer.from('misdirected')))).toBe('EBADF')
    await peer.send('hello')
    await reactor.awaitBytes(socket, 5)
    reactor.write(socket, 'world')
    await peer.expectBytes('world')
    reactor.expectEvents(socket, ['CONNECT', 'DATA'])
    expect(reactor.column(socket, 'BYTES_READ')).toBe(5)
  })

  it('gets no event after CLOSED, though its readiness was in the same batch', async () => {
    // A ring of one record: each event is dispatched before the next socket of the batch is looked at.
    const server = serveTcp(backend, { sizes: { eventRecords: 1 } })
    const { reactor } = server
    const sockets = await server.connectMany(4)
    let first = 0
    reactor.handler = ({ name, socket }) => {
      if (!name.startsWith('DATA') || first !== 0) return
      first = socket
      for (const other of sockets) if (other.socket !== socket) reactor.submit('DESTROY', other.socket)
    }
    await readyTogether(
      reactor,
      sockets.map(({ socket }) => socket),
      () => Promise.all(sockets.map(({ peer }) => peer.send('all at once'))),
    )
    await reactor.until('the first event of the batch', () => first !== 0)
    for (const { socket } of sockets) {
      if (socket === first) continue
      await reactor.awaitEvent(socket, 'CLOSED')
      reactor.expectEvents(socket, ['CLOSED'])
    }
    reactor.expectEvents(first, ['DATA'])
    // The third was being looked at when the first was dispatched.
    expect(reactor.counter('staleEvents')).toBe(2)
  })

  it('passes its readiness on to nobody, though a new socket has its slot within the batch', async () => {
    const server = serveTcp(backend, { sizes: { eventRecords: 1 } })
    const { reactor } = server
    const path = join(folder, backend)
    reactor.submit('PAUSE', listenUnix(reactor, path))
    const sockets = await server.connectMany(14)
    const order = sockets.map(({ socket }) => socket)
    let doomed: number[] = []
    const reborn: number[] = []
    reactor.handler = ({ name, socket }) => {
      if (!name.startsWith('DATA')) return
      if (doomed.length === 0) {
        // Those that the batch comes to last: it goes through the sockets in order, from wherever it began.
        const first = order.indexOf(socket)
        doomed = [1, 2, 3].map((back) => order.at(first - back)!)
        for (const each of doomed) reactor.submit('DESTROY', each)
      } else if (reborn.length === 0 && doomed.every((each) => reactor.eventsOf(each, 'CLOSED').length > 0)) {
        for (const _ of doomed) {
          const fresh = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
          ok(reactor.native.connectUnix(fresh, path, true))
          reborn.push(fresh)
        }
      }
    }
    await readyTogether(reactor, order, () =>
      Promise.all(sockets.map(({ peer }) => peer.send('all at once'))),
    )
    await reactor.until('all others to be heard', () =>
      order.every((socket) => doomed.includes(socket) || reactor.eventsOf(socket).length > 0),
    )
    const slots = (handles: number[]) => handles.map((handle) => handle % HANDLE_BASE).sort()
    expect(slots(reborn)).toEqual(slots(doomed))
    expect(reactor.counter('staleEvents')).toBe(3)
    for (const socket of doomed) reactor.expectEvents(socket, ['CLOSED'])
    for (const socket of reborn) reactor.expectEvents(socket, ['CONNECT'])
  })

  async function closedSocket() {
    const server = serveTcp(backend)
    const { reactor } = server
    const { peer, socket } = await server.connect()
    const fd = ok(reactor.native.fd(socket))
    reactor.submit('DESTROY', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    await peer.awaitEnd()
    return { reactor, socket, fd }
  }
})
