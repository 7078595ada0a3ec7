// The echo server as a process: its flags, its first line, and how it ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../packages/native-poll/test/support/needs.js'
import { expectSameBytes, noise, Peer } from '../../packages/native-poll/test/support/peer.js'
import { BACKENDS } from '../../packages/native-poll/test/support/server.js'

checkFds()
afterEach(endChildren)

const ECHO = fileURLToPath(new URL('../dist/echo.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pollux-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = (...flags: string[]) => Child.node([ECHO, ...flags])
const startTcp = (...flags: string[]) => start('--port', '0', ...flags)

async function portOf(child: Child): Promise<number> {
  return Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)\n/))
}

describe('the echo example', () => {
  it.each(BACKENDS)(
    'says first where it listens, then the backend %s, and a line to paste',
    async (backend) => {
      const child = startTcp('--backend', backend)
      const port = await portOf(child)
      await child.awaitOutput(/nc /)
      expect(child.output).toBe(
        `listening on tcp://127.0.0.1:${port}\nbackend: ${backend}\ntry it: nc 127.0.0.1 ${port}\n`,
      )
    },
  )

  it.each([[[]], [['--borrow']], [['--host', '127.0.0.1']]])('echoes, with %o', async (flags) => {
    const peer = await Peer.connect({ host: '127.0.0.1', port: await portOf(startTcp(...flags)) })
    const bytes = noise(3_000_000)
    await peer.send(bytes)
    await peer.expectBytes(bytes)
    await peer.end()
    await peer.awaitEnd()
  })

  it('listens on IPv6 and by name', async () => {
    const child = startTcp('--host', '::1')
    const port = Number(await child.awaitOutput(/^listening on tcp:\/\/\[::1\]:(\d+)\n/))
    const peer = await Peer.connect({ host: '::1', port })
    await peer.send('six')
    await peer.expectBytes('six')
    await startTcp('--host', 'localhost').awaitOutput(/^listening on tcp:\/\/(127\.0\.0\.1|\[::1\]):\d+\n/)
  })

  it('listens on a Unix path, and leaves none behind', async () => {
    const path = join(folder, 'echo')
    const child = start('--unix', path)
    expect(await child.awaitOutput(/^(.*)\n/)).toBe(`listening on unix://${path}`)
    const peer = await Peer.connect({ path })
    await peer.send('hello')
    await peer.expectBytes('hello')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
    await expect(Peer.connect({ path })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('answers nc', needsPrograms('nc'), async () => {
    const port = await portOf(startTcp())
    const nc = Child.run('nc', ['-N', '127.0.0.1', String(port)])
    nc.process.stdin?.end('hello from nc\n')
    expect(await nc.awaitExit()).toBe(0)
    expect(nc.output).toBe('hello from nc\n')
  })

  it('answers socat, over TCP and a Unix path', needsPrograms('socat'), async () => {
    const path = join(folder, 'socat')
    const child = start('--unix', path)
    await child.awaitOutput(/^listening/)
    const port = await portOf(startTcp())
    const text = noise(200_000).toString('hex')
    for (const address of [`TCP:127.0.0.1:${port}`, `UNIX-CONNECT:${path}`]) {
      const socat = Child.run('socat', ['-t', '10', '-', address])
      socat.process.stdin?.end(text)
      expect(await socat.awaitExit(), socat.errors).toBe(0)
      expectSameBytes(Buffer.from(socat.output), Buffer.from(text))
    }
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with code 0 on %s, with and without clients',
    async (signal) => {
      const idle = startTcp()
      await portOf(idle)
      idle.process.kill(signal)
      expect(await idle.awaitExit()).toBe(0)

      const busy = startTcp()
      const peer = await Peer.connect({ host: '127.0.0.1', port: await portOf(busy) })
      await peer.send('x')
      await peer.expectBytes('x')
      busy.process.kill(signal)
      expect(await busy.awaitExit()).toBe(0)
      await peer.awaitClosedOrEnded()
      expect(busy.errors).toBe('')
    },
  )

  it.each([
    [['--nonsense']],
    [['--port', 'http']],
    [['--port', '-1']],
    [['--port', '65536']],
    [['--port', '']],
    [['--admin-port', 'x']],
    [['--backend', 'kqueue']],
    [['extra']],
  ])('refuses %o with code 2, and says how to use it', async (flags) => {
    const child = start(...flags)
    expect(await child.awaitExit()).toBe(2)
    expect(child.errors).toMatch(/^usage: /m)
    expect(child.output).toBe('')
  })

  it('shows how to use it with --help', async () => {
    const child = start('--help')
    expect(await child.awaitExit()).toBe(0)
    expect(child.output).toMatch(/^usage: .*--port/)
  })

  it('says in one line what is wrong with its address, with code 1', async () => {
    const port = await portOf(startTcp())
    const second = start('--port', String(port))
    expect(await second.awaitExit()).toBe(1)
    expect(second.errors).toMatch(/^bind 127\.0\.0\.1:\d+: .* \(EADDRINUSE\); .*\n$/)
  })

  it('has a dashboard where it is asked for one', async () => {
    const child = startTcp('--admin-port', '0')
    const url = await child.awaitOutput(/^dashboard: (http:\/\/127\.0\.0\.1:\d+\/)$/m)
    const peer = await Peer.connect({ host: '127.0.0.1', port: await portOf(child) })
    await peer.send('x')
    await peer.expectBytes('x')
    expect(await (await fetch(`${url}metrics`)).text()).toContain(
      'pollux_received_bytes_total{server="echo"} 1\n',
    )
    expect(await (await fetch(url)).text()).toContain('<title>Pollux</title>')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
  })

  it('says that the port of the dashboard is taken, and echoes without it', async () => {
    const first = startTcp('--admin-port', '0')
    const port = await first.awaitOutput(/^dashboard: .*:(\d+)\/$/m)
    const second = startTcp('--admin-port', port)
    const peer = await Peer.connect({ host: '127.0.0.1', port: await portOf(second) })
    await peer.send('hello')
    await peer.expectBytes('hello')
    second.process.kill('SIGTERM')
    expect(await second.awaitExit()).toBe(0)
    expect(second.errors).toBe(`no dashboard: port ${port} is taken; choose another one with --admin-port\n`)
  })

  it('logs, counts and limits with --observe', async () => {
    const child = startTcp('--observe')
    const peer = await Peer.connect({ host: '127.0.0.1', port: await portOf(child) })
    await peer.send('hello')
    await peer.expectBytes('hello')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
    const lines = child.errors
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ msg }) => msg)).toEqual(['listening', 'closing', 'closed'])
  })

  it('takes the backend of POLLUX_BACKEND', async () => {
    const backend = BACKENDS.at(-1)!
    const child = Child.node([ECHO, '--port', '0'], { POLLUX_BACKEND: backend })
    expect(await child.awaitOutput(/^backend: (.*)$/m)).toBe(backend)
  })
})
