import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { temporaryFolder } from '../../packages/native-poll/test/support/folder.js'
import { needsPrograms } from '../../packages/native-poll/test/support/needs.js'

afterEach(endChildren)

const PROGRAM = fileURLToPath(new URL('../dist/datagram-lines.js', import.meta.url))

const UNIX_CLIENT = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(15)
s.bind(sys.argv[2])
for line in (b'one', b'', b'two\\nlines', b'three\\r\\n'):
    s.sendto(line, sys.argv[1])
print(s.recv(100), s.recv(100))
`

describe('datagram-lines', () => {
  it('answers socat, and ends on SIGTERM', needsPrograms('socat'), async () => {
    const server = Child.node([PROGRAM, '--port', '0'])
    const port = await server.awaitOutput(/^listening on port (\d+)$/m)
    const client = Child.run('socat', ['-t', '15', 'STDIO', `UDP:127.0.0.1:${port}`])
    client.process.stdin?.write('hello\n')
    await client.awaitOutput(/^1 HELLO$/m)
    client.process.stdin?.write('again\n')
    await client.awaitOutput(/^2 AGAIN$/m)
    client.process.kill()
    await client.awaitExit()
    server.process.kill('SIGTERM')
    expect(await server.awaitExit(), server.errors).toBe(0)
  })

  it('answers python3 on a Unix socket, and nothing but lines', async () => {
    const folder = FOLDER
    const path = join(folder, 'server.sock')
    const server = Child.node([PROGRAM, '--unix', path])
    await server.awaitOutput(/^listening on (.*)$/m)
    const client = Child.run('python3', ['-c', UNIX_CLIENT, path, join(folder, 'client.sock')])
    expect(await client.awaitExit(), client.errors).toBe(0)
    expect(client.output).toBe("b'1 ONE\\n' b'2 THREE\\n'\n")
    server.process.kill('SIGINT')
    expect(await server.awaitExit(), server.errors).toBe(0)
  })
})

const FOLDER = temporaryFolder()
