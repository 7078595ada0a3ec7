// Descriptors that somebody else made: given by another process, or by another part of this one.
import { closeSync, fstatSync, openSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, fixture } from './support/child.js'
import { checkFds } from './support/leaks.js'
import { listeningPeer, noise, Peer } from './support/peer.js'
import { constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, ok } from './support/server.js'

checkFds()
afterEach(endChildren)

/** The descriptor that node:net keeps to itself. */
const fdOf = (of: Socket | Server) => (of as never as { _handle: { fd: number } })._handle.fd

describe.each(BACKENDS)('an adopted fd on %s', (backend) => {
  it('of a connection is served, and closed without a word more, though its giver holds it too', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    // Paused before it is connected, so that its giver reads nothing of what is not his any more.
    const given = connect({ host: '127.0.0.1', port: far.port })
    given.pause()
    const peer = await far.awaitPeer()
    const child = Child.run(process.execPath, [fixture('adopt.mjs'), 'connection', backend], {
      fd: fdOf(given),
    })
    expect(await child.awaitOutput(/adopted (\d+)/)).toBe('3')
    const bytes = noise(100_000)
    await peer.send(bytes)
    await peer.expectBytes(bytes)
    await peer.send('quit')
    await child.awaitOutput(/closed/)
    await peer.send('for the giver')
    child.process.stdin?.end('look')
    expect(await child.awaitOutput(/stale events: (\d+)/)).toBe('0')
    expect(Number(await child.awaitOutput(/turns after close: (\d+)/))).toBeLessThanOrEqual(2)
    expect(await child.awaitExit()).toBe(0)
    given.destroy()
  })

  it('of a listening socket accepts', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const child = Child.run(process.execPath, [fixture('adopt.mjs'), 'listener', backend], {
      fd: fdOf(server),
    })
    await child.awaitOutput(/adopted/)
    await new Promise((resolve) => server.close(resolve))
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('hello')
    await peer.expectBytes('hello')
  })

  it('that is no socket, or not open, is refused', () => {
    const { native } = new RawReactor(backend)
    const file = openSync('/dev/null', 'r')
    expect(errorOf(native.adopt(file))).toBe('ENOTSOCK')
    expect(fstatSync(file).isCharacterDevice()).toBe(true)
    closeSync(file)
    for (const fd of [file, -1, 2_000_000_000]) expect(errorOf(native.adopt(fd))).toBe('EBADF')
  })

  it('is refused by a closed reactor, or one with no room, and stays its owner’s', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const owner = await Peer.connect({ host: '127.0.0.1', port: far.port })
    const fd = fdOf(owner.socket)
    const full = new RawReactor(backend, { rows: 1 })
    ok(full.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    expect(errorOf(full.native.adopt(fd))).toBe('ENFILE')
    full.native.close()
    expect(errorOf(full.native.adopt(fd))).toBe('EBADF')
    const peer = await far.awaitPeer()
    await owner.send('still mine')
    await peer.expectBytes('still mine')
  })

  it('that the reactor owns already is refused', () => {
    const { native } = new RawReactor(backend)
    const socket = ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    expect(errorOf(native.adopt(native.fd(socket)))).toBe('EEXIST')
    expect(native.fd(socket)).toBeGreaterThan(2)
  })

  it('of datagrams is refused', () => {
    const { native } = new RawReactor(backend)
    const SOCK_DGRAM = 2 // on Linux and the BSDs
    const datagrams = ok(native.socket(constants.AF_INET, SOCK_DGRAM, 0))
    expect(errorOf(native.adopt(native.fd(datagrams)))).toBe('EPROTOTYPE')
  })
})
