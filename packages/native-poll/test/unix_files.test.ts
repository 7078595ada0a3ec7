// The file of a listening Unix socket: a stale one is replaced, nothing else is ever removed.
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { Peer } from './support/peer.js'
import { constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, listenUnix, ok } from './support/server.js'

checkFds()

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pollux-unix-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe.each(BACKENDS)('the file of a Unix listener on %s', (backend) => {
  it('is made by bind, and removed when the listener closes', async () => {
    const { reactor, path, listener } = listening()
    expect(lstatSync(path).isSocket()).toBe(true)
    reactor.submit('CLOSE', listener)
    await reactor.awaitEvent(listener, 'CLOSED')
    expect(existsSync(path)).toBe(false)
  })

  it('is removed when the reactor closes', () => {
    const { reactor, path } = listening()
    reactor.native.close()
    expect(existsSync(path)).toBe(false)
  })

  it('is replaced where it is stale: nobody answers on it', async () => {
    const path = join(folder, 'socket')
    leaveStale(path)
    const { reactor, listener } = listening(path)
    await Peer.connect({ path })
    await reactor.awaitAccept(listener)
  })

  it('is left alone where somebody answers on it', async () => {
    const first = listening()
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(reactor.native.bindUnix(socket, first.path))).toBe('EADDRINUSE')
    reactor.native.close()
    await Peer.connect({ path: first.path })
    await first.reactor.awaitAccept(first.listener)
  })

  it('is left alone where somebody listens whose queue is full', async () => {
    const reactor = new RawReactor(backend)
    const path = join(folder, 'full')
    const listener = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    ok(reactor.native.bindUnix(listener, path))
    ok(reactor.native.listen(listener, 0, true))
    reactor.submit('PAUSE', listener)
    reactor.native.submit()
    let result = 0
    for (let i = 0; result === 0 && i < 10; ++i) {
      const client = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
      result = reactor.native.connectUnix(client, path, true)
    }
    expect(errorOf(result)).toMatch(/EAGAIN|ECONNREFUSED/)
    const other = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(reactor.native.bindUnix(other, path))).toBe('EADDRINUSE')
    expect(existsSync(path)).toBe(true)
  })

  it('is never one that is not a socket', () => {
    const path = join(folder, 'letter')
    writeFileSync(path, 'dear reader')
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(reactor.native.bindUnix(socket, path))).toBe('EADDRINUSE')
    reactor.native.close()
    expect(readFileSync(path, 'utf8')).toBe('dear reader')
  })

  it('is not followed through a link', () => {
    const target = join(folder, 'target')
    leaveStale(target)
    const path = join(folder, 'link')
    symlinkSync(target, path)
    const reactor = new RawReactor(backend)
    const socket = ok(reactor.native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(reactor.native.bindUnix(socket, path))).toBe('EADDRINUSE')
    expect(existsSync(target)).toBe(true)
  })

  it('is left alone at close where it is somebody else’s replacement', async () => {
    const first = listening()
    renameSync(first.path, join(folder, 'moved'))
    const second = listening(first.path)
    first.reactor.submit('CLOSE', first.listener)
    await first.reactor.awaitEvent(first.listener, 'CLOSED')
    await Peer.connect({ path: first.path })
    await second.reactor.awaitAccept(second.listener)
  })

  it('that was removed by somebody else does not disturb the close', async () => {
    const { reactor, path, listener } = listening()
    rmSync(path)
    reactor.submit('CLOSE', listener)
    await reactor.awaitEvent(listener, 'CLOSED')
    reactor.expectEvents(listener, ['CLOSED'])
  })

  function listening(path = join(folder, 'socket')) {
    const reactor = new RawReactor(backend)
    return { reactor, path, listener: listenUnix(reactor, path) }
  }

  /** What a server leaves that is killed: its file, moved out of its own reach before it closes. */
  function leaveStale(path: string) {
    const reactor = new RawReactor(backend)
    listenUnix(reactor, `${path}.killed`)
    renameSync(`${path}.killed`, path)
    reactor.native.close()
    expect(lstatSync(path).isSocket()).toBe(true)
  }
})
