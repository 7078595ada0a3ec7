// Sockets that systemd passes, and what it is told: by its own tools where they are there, and by children with real
// descriptors anywhere.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventLoop, listenTargetsFromSystemd, notifySystemd } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needsPrograms } from '../../../native-poll/test/support/needs.js'
import {
  BACKENDS,
  Child,
  endChildren,
  eventually,
  KNOWS_LINUX,
  listeningPeer,
  Peer,
  temporaryFolder,
} from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serverOf } from '../support/serving.js'

checkFds()
leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS
afterEach(endChildren)
// The loop of this thread, which notifications are sent from, is no leak.
EventLoop.default()
const folder = temporaryFolder()

const SERVICE = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url))
const LISTENING = /^listening on tcp:\/\/127\.0\.0\.1:(\d+)$/m

/** A child that is passed a listening socket as systemd passes it. */
async function activated(options: object, env: NodeJS.ProcessEnv = {}) {
  const { server } = await listeningPeer({ host: '127.0.0.1', port: 0 })
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const child = Child.run(
    'sh',
    ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath, SERVICE, JSON.stringify(options)],
    { env: { LISTEN_FDS: '1', ...env }, fd },
  )
  return { child, server }
}

async function expectEchoAt(port: number) {
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  await peer.send('hello')
  await peer.expectBytes('hello')
  return peer
}

describe('sockets of systemd', () => {
  it('are served, and belong to nobody else afterwards', async () => {
    const { child, server } = await activated({ targets: [{ systemd: true }, { systemd: true }] })
    const port = Number(await child.awaitOutput(LISTENING))
    server.close()
    expect(await child.awaitOutput(/^failed (.*)$/m)).toBe('ENOENT')
    expect(await child.awaitOutput(/^left (.*)$/m)).toBe('[] none')
    await expectEchoAt(port)
  })

  it('are found by their names', async () => {
    const { child, server } = await activated(
      { targets: [{ systemd: 'other' }, { systemd: 'web' }] },
      { LISTEN_FDNAMES: 'web' },
    )
    expect(await child.awaitOutput(/^failed (.*)$/m)).toBe('ENOENT')
    const port = Number(await child.awaitOutput(LISTENING))
    server.close()
    await expectEchoAt(port)
  })

  it('are left for who asks for them, one by one', async () => {
    const { child, server } = await activated({ targets: [] }, { LISTEN_FDNAMES: 'web' })
    expect(await child.awaitOutput(/^left (.*)$/m)).toBe('[{"fd":3,"name":"web"}] none')
    server.close()
    expect(await child.awaitExit()).toBe(3)
  })

  it('are none for a process that they were not meant for', async () => {
    const { child, server } = await activated({ targets: [{ systemd: true }] }, { LISTEN_FDS: '0' })
    expect(await child.awaitOutput(/^failed (.*)$/m)).toBe('ENOENT')
    server.close()
    expect(await child.awaitExit()).toBe(3)
  })

  it('come from systemd-socket-activate', needsPrograms('systemd-socket-activate'), async () => {
    // A free port, for it takes none of its own choosing.
    const { server, port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    server.close()
    await once(server, 'close')
    const options = { targets: [{ systemd: 'web' }], close: { deadlineMs: 0 } }
    const args = [`--listen=127.0.0.1:${port}`, '--fdname=web', process.execPath, SERVICE]
    const child = Child.run('systemd-socket-activate', [...args, JSON.stringify(options)])
    await eventually('it to listen', () => child.errors.includes('Listening on'))
    // It starts the service when somebody connects.
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('hello')
    await peer.expectBytes('hello')
    await child.awaitOutput(/^up$/m)
    child.process.kill('SIGTERM')
    expect(await child.awaitExit(), child.errors).toBe(0)
  })

  it.each([1, '', false, null])('are not %j', async (systemd) => {
    const server = serverOf({ ...echo, loop: loopOn(BACKEND) })
    await expect(server.listen({ systemd } as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  it('are none here', async () => {
    expect(listenTargetsFromSystemd()).toEqual([])
    const server = serverOf({ ...echo, loop: loopOn(BACKEND) })
    await expect(server.listen({ systemd: 'web' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringMatching(/named 'web'/),
    })
  })
})

describe('notifications', () => {
  const before = process.env.NOTIFY_SOCKET
  afterEach(() => {
    if (before === undefined) delete process.env.NOTIFY_SOCKET
    else process.env.NOTIFY_SOCKET = before
  })

  it('are nothing without somebody to notify', () => {
    delete process.env.NOTIFY_SOCKET
    expect(notifySystemd('READY=1')).toBe(false)
    process.env.NOTIFY_SOCKET = 'vsock:2:1234'
    expect(notifySystemd('READY=1')).toBe(false)
  })

  it('say what is wrong with a socket that is not there, and with a state that is none', () => {
    process.env.NOTIFY_SOCKET = join(folder, 'nobody')
    expect(() => notifySystemd('READY=1')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    for (const bad of ['', 'ready', 5]) expect(() => notifySystemd(bad as string)).toThrow(/"?state/)
  })

  it.each(KNOWS_LINUX ? ['path', 'abstract'] : ['path'])(
    'tell of the life of a service, by %s',
    needsPrograms('socat'),
    async (kind) => {
      const path = kind === 'path' ? join(folder, 'notify') : `pollux-${process.pid}-notify`
      const address = kind === 'path' ? `UNIX-RECV:${path}` : `ABSTRACT-RECV:${path}`
      const manager = Child.run('socat', ['-u', address, '-'])
      await eventually('the manager', () => unixSockets().includes(path))
      const options = { targets: [{ host: '127.0.0.1', port: 0 }], close: { deadlineMs: 0 } }
      const NOTIFY_SOCKET = kind === 'path' ? path : `@${path}`
      const child = Child.node([SERVICE, JSON.stringify(options)], { NOTIFY_SOCKET })
      await manager.awaitOutput(/READY=1/)
      await child.awaitOutput(/^up$/m)
      child.process.kill('SIGTERM')
      expect(await child.awaitExit(), child.errors).toBe(0)
      await manager.awaitOutput(/STOPPING=1/)
      manager.process.kill()
      await manager.awaitExit()
    },
  )
})

function unixSockets(): string {
  return readFileSync('/proc/net/unix', 'utf8')
}
