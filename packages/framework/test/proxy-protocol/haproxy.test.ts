// HAProxy sends the headers: what we read is what the protocol's authors write.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type ProxyHeader, proxyHeaderOf, proxyProtocol } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { needsPrograms } from '../../../native-poll/test/support/needs.js'
import { BACKENDS, Child, endChildren, Peer, patiently, temporaryFolder } from '../support/raw.js'
import { leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()
afterEach(endChildren)
const folder = temporaryFolder()

/** Free a moment ago: HAProxy takes no port 0 whose number it would tell. */
async function freePort(): Promise<number> {
  const server = createServer()
  await patiently(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'a port')
  const { port } = server.address() as { port: number }
  await patiently(new Promise((resolve) => server.close(resolve)), 'the port to be free')
  return port
}

async function proxyTo(port: number, how: string): Promise<number> {
  const own = await freePort()
  const file = join(folder, `${how.replaceAll(' ', '-')}.cfg`)
  writeFileSync(
    file,
    `global
  maxconn 20
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend in
  bind 127.0.0.1:${own}
  default_backend out
backend out
  server ours 127.0.0.1:${port} ${how}
`,
  )
  Child.run('haproxy', ['-db', '-f', file])
  return own
}

/** As soon as HAProxy listens. */
async function connected(port: number): Promise<Peer> {
  const until = performance.now() + 10_000
  for (;;) {
    const peer = await Peer.connect({ host: '127.0.0.1', port }).catch(() => undefined)
    if (peer !== undefined) return peer
    if (performance.now() > until) throw new Error('haproxy does not listen')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('haproxy', needsPrograms('haproxy'), () => {
  it.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options unique-id,crc32c', 2],
  ] as const)('with %s is understood', async (how, version) => {
    const headers: (ProxyHeader | undefined)[] = []
    const service = await serve({
      loop: loopOn(BACKENDS[0]),
      plugins: [proxyProtocol({ trusted: ['127.0.0.0/8'] })],
      open(conn) {
        headers.push(proxyHeaderOf(conn))
        conn.write(`${(conn.remoteAddress as { port: number }).port} `)
      },
      data: (conn, chunk) => conn.write(chunk),
    })
    const peer = await connected(await proxyTo(service.port, how))
    await peer.send('hello')
    await peer.expectBytes(`${peer.socket.localPort} hello`)
    expect(headers).toEqual([
      expect.objectContaining({
        version,
        command: 'proxy',
        source: { family: 'IPv4', host: '127.0.0.1', port: peer.socket.localPort },
        destination: { family: 'IPv4', host: '127.0.0.1', port: peer.socket.remotePort },
        isChecked: how.includes('crc32c'),
      }),
    ])
  })
})
