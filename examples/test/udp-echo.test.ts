import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'

afterEach(endChildren)

const PROGRAM = fileURLToPath(new URL('../dist/udp-echo.js', import.meta.url))

const CLIENT = `
import os, socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(15)
for size in (0, 1, 1200, 60000):
    data = os.urandom(size)
    s.sendto(data, (sys.argv[1], int(sys.argv[2])))
    assert s.recv(70000) == data
`

describe('udp-echo', () => {
  it.each([
    ['127.0.0.1', []],
    ['::1', ['--gro', '--gso']],
    ['127.0.0.1', ['--backend', 'poll', '--no-gso']],
  ])('answers at %s with %j, and ends on SIGTERM', async (host, flags) => {
    const server = Child.node([PROGRAM, '--host', host, '--port', '0', ...flags])
    const port = await server.awaitOutput(/^listening on udp:\/\/\S+:(\d+)$/m)
    expect(Number(port)).toBeGreaterThan(0)
    expect(server.output.split('\n')[0]).toBe(
      `listening on udp://${host.includes(':') ? `[${host}]` : host}:${port}`,
    )
    const client = Child.run('python3', ['-c', CLIENT, host, port])
    expect(await client.awaitExit(), client.errors).toBe(0)
    server.process.kill('SIGTERM')
    expect(await server.awaitExit(), server.errors).toBe(0)
  })

  it.each([
    [['--port', 'x'], 2, '--port must be'],
    [['--port', '65536'], 2, '--port must be'],
    [['--nonsense'], 2, 'usage: udp-echo.js'],
    [['--backend', 'io_uring'], 2, 'backend'],
    [['--host', '203.0.113.7', '--port', '0'], 1, 'EADDRNOTAVAIL'],
  ])('ends at %j with exit code %i and says why', async (flags, code, message) => {
    const server = Child.node([PROGRAM, ...flags])
    expect(await server.awaitExit()).toBe(code)
    expect(server.errors).toContain(message)
  })

  it('shows its flags', async () => {
    const server = Child.node([PROGRAM, '--help'])
    expect(await server.awaitExit()).toBe(0)
    expect(server.output).toContain('--no-gso')
  })
})
