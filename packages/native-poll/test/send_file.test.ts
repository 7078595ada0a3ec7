// Files on their way to a socket: in their place among the writes, and the caller's descriptor untouched.
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/folder.js'
import { checkFds } from './support/leaks.js'
import { eventually } from './support/patience.js'
import { noise } from './support/peer.js'
import { constants, errno, type RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok, type Serving, serveTcp } from './support/server.js'

checkFds()
const folder = temporaryFolder()

const MUCH = 8 << 20
const SMALL_BUFFER: Serving = { options: [[constants.SOL_SOCKET, constants.SO_SNDBUF, 4096]] }

let files = 0

/** A file of those bytes, sent by `use` and then closed: ours must outlive it. */
function withFile(bytes: Uint8Array, use: (fd: number) => void, flags = 'r') {
  const path = join(folder, `file-${files++}`)
  writeFileSync(path, bytes)
  const fd = openSync(path, flags)
  try {
    use(fd)
  } finally {
    closeSync(fd)
  }
}

describe.each(BACKENDS)('a file on %s', (backend) => {
  it('arrives whole, though it is much and its descriptor is closed at once', async () => {
    const { reactor, peer, socket } = await connected()
    const bytes = noise(MUCH)
    withFile(bytes, (fd) => ok(reactor.native.sendFile(socket, fd, 0, bytes.length)))
    await peer.expectBytes(bytes)
    await reactor.awaitEvent(socket, 'FILE_SENT')
    reactor.expectEvents(socket, ['FILE_SENT'])
    expect(reactor.counter('fileBytes')).toBe(MUCH)
    expect(reactor.column(socket, 'BYTES_WRITTEN')).toBe(MUCH)
    expect(reactor.column(socket, 'QUEUED')).toBe(0)
  })

  it('arrives in part', async () => {
    const { reactor, peer, socket } = await connected()
    withFile(Buffer.from('0123456789'), (fd) => ok(reactor.native.sendFile(socket, fd, 3, 4)))
    await peer.expectBytes('3456')
  })

  it.each([
    ['what the kernel takes at once', {}, 1000],
    ['what waits for the peer', SMALL_BUFFER, 500_000],
  ])('keeps its place among the writes, %s', async (_, serving, length) => {
    const { reactor, peer, socket } = await connected(serving)
    const parts = Array.from({ length: 12 }, () => noise(length))
    parts.forEach((bytes, i) => {
      if (i % 3 === 0) reactor.write(socket, bytes)
      else withFile(bytes, (fd) => ok(reactor.native.sendFile(socket, fd, 0, bytes.length)))
    })
    reactor.submit('END', socket)
    await peer.expectBytes(Buffer.concat(parts))
    await peer.awaitEnd()
    await reactor.awaitEvent(socket, 'FINISH')
    expect(reactor.eventsOf(socket, 'FILE_SENT')).toHaveLength(8)
    expect(reactor.counter('backlogBytes')).toBe(0)
  })

  it('counts what waits behind it, but not itself', async () => {
    const { reactor, peer, socket } = await connected(SMALL_BUFFER)
    peer.socket.pause()
    const file = noise(MUCH)
    withFile(file, (fd) => ok(reactor.native.sendFile(socket, fd, 0, file.length)))
    reactor.write(socket, noise(1000))
    reactor.submit('WATCH_DRAIN', socket, 10)
    reactor.native.submit()
    expect(reactor.column(socket, 'QUEUED')).toBe(1000)
    expect(reactor.counter('backlogBytes')).toBe(1000)
    peer.socket.resume()
    await reactor.awaitEvent(socket, 'DRAIN')
    reactor.expectEvents(socket, ['FILE_SENT', 'DRAIN'])
    await peer.awaitBytes(MUCH + 1000)
  })

  it('of no bytes is sent in its turn', async () => {
    const { reactor, socket } = await connected()
    withFile(Buffer.alloc(0), (fd) => ok(reactor.native.sendFile(socket, fd, 0, 0)))
    await reactor.awaitEvent(socket, 'FILE_SENT')
  })

  it('that becomes shorter fails the connection, and nothing follows', async () => {
    const { reactor, peer, socket } = await connected(SMALL_BUFFER)
    peer.socket.pause()
    withFile(
      noise(MUCH),
      (fd) => {
        ok(reactor.native.sendFile(socket, fd, 0, MUCH))
        reactor.write(socket, 'behind')
        ftruncateSync(fd, 1000)
      },
      'r+',
    )
    peer.socket.resume()
    const error = await reactor.awaitEvent(socket, 'ERROR')
    expect([error.a, error.b]).toEqual([errno('ENODATA'), 7])
    expect(reactor.counter('backlogBytes')).toBe(0)
    reactor.submit('RESET', socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    await peer.awaitClosedOrEnded()
    expect(peer.bytes.includes('behind')).toBe(false)
  })

  it.each(['DESTROY', 'RESET'] as const)('is dropped by %s', async (op) => {
    const { reactor, peer, socket } = await connected(SMALL_BUFFER)
    peer.socket.pause()
    withFile(noise(MUCH), (fd) => ok(reactor.native.sendFile(socket, fd, 0, MUCH)))
    reactor.write(socket, 'behind')
    reactor.submit(op, socket)
    await reactor.awaitEvent(socket, 'CLOSED')
    reactor.expectEvents(socket, ['CLOSED'])
    expect(reactor.counter('backlogBytes')).toBe(0)
  })

  it('is dropped when the peer resets', async () => {
    const { reactor, peer, socket } = await connected(SMALL_BUFFER)
    peer.socket.pause()
    withFile(noise(MUCH), (fd) => ok(reactor.native.sendFile(socket, fd, 0, MUCH)))
    await peer.reset()
    await reactor.awaitEvent(socket, 'ERROR')
    reactor.expectEvents(socket, ['ERROR'])
  })

  it('goes before what a pipe brings', async () => {
    const { server, reactor, peer, socket } = await connected()
    const other = await server.connect()
    const bytes = noise(1 << 20)
    ok(reactor.native.pipe(other.socket, socket))
    withFile(bytes, (fd) => ok(reactor.native.sendFile(socket, fd, 0, bytes.length)))
    await other.peer.send('piped')
    await peer.expectBytes(Buffer.concat([bytes, Buffer.from('piped')]))
  })

  it('is refused where it can not be', async () => {
    const { reactor, socket } = await connected()
    expect(errorOf(reactor.native.sendFile(socket, 1 << 20, 0, 1))).toBe('EBADF')
    expect(errorOf(reactor.native.sendFile(12345, 0, 0, 1))).toBe('EBADF')
    expect(() => reactor.native.sendFile(socket, 0, -1, 1)).toThrow(RangeError)
    expect(() => reactor.native.sendFile(socket, 0, 0, 0.5)).toThrow(RangeError)
    reactor.submit('END', socket)
    expect(errorOf(reactor.native.sendFile(socket, 0, 0, 1))).toBe('EBADF')
  })

  it('of many at once comes in order', async () => {
    const { reactor, peer, socket } = await connected()
    const files = Array.from({ length: 100 }, (_, i) => Buffer.from(`file ${i};`))
    for (const bytes of files) {
      withFile(bytes, (fd) => ok(reactor.native.sendFile(socket, fd, 0, bytes.length)))
    }
    await peer.expectBytes(Buffer.concat(files))
    await eventually('all to be reported', () => sentFiles(reactor, socket) === files.length)
  })

  const sentFiles = (reactor: RawReactor, socket: number) => reactor.eventsOf(socket, 'FILE_SENT').length

  async function connected(serving: Serving = {}) {
    const server = serveTcp(backend, serving)
    return { server, reactor: server.reactor, ...(await server.connect()) }
  }
})
