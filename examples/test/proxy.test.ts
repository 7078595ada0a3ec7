// The proxy as a process, with programs that are not ours on both sides of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { temporaryFolder } from '../../packages/native-poll/test/support/folder.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../packages/native-poll/test/support/needs.js'
import { eventually, patiently } from '../../packages/native-poll/test/support/patience.js'
import {
  expectSameBytes,
  listeningPeer,
  noise,
  Peer,
  sha256,
} from '../../packages/native-poll/test/support/peer.js'

checkFds()
const folder = temporaryFolder()
const web = new Set<Server>()
afterEach(() => {
  endChildren()
  for (const server of web) {
    server.closeAllConnections()
    server.close()
  }
  web.clear()
})

const PROXY = fileURLToPath(new URL('../dist/proxy.js', import.meta.url))

async function proxyTo(upstreams: string[], ...flags: string[]) {
  const named = upstreams.flatMap((upstream) => ['--upstream', upstream])
  const child = Child.node([PROXY, '--port', '0', ...named, ...flags])
  const line = await child.awaitOutput(/^listening on (.*)\n/)
  return { child, line, port: Number(line.match(/:(\d+)$/)?.[1]) }
}

/** A node:http server that says its name, and counts and repeats what it is sent. */
async function http(name: string, at: { port: number } | { path: string } = { port: 0 }) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('x-server', name)
      response.end(request.method === 'POST' ? Buffer.concat(chunks) : `${name}\n`)
    })
  })
  web.add(server)
  await patiently(new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', ...at }, resolve)), name)
  const address = server.address()
  return { server, upstream: `127.0.0.1:${(address as AddressInfo).port}` }
}

const curl = async (port: number, ...flags: string[]) => {
  const child = Child.run('curl', ['-sS', '--max-time', '20', ...flags, `http://127.0.0.1:${port}/`])
  const code = await child.awaitExit()
  return code === 0 ? child.output : `curl ended with ${code}: ${child.errors}`
}

describe('the proxy, asked by curl', needsPrograms('curl'), () => {
  it('passes requests and answers of any size', async () => {
    const { upstream } = await http('one')
    const { port } = await proxyTo([upstream])
    expect(await curl(port)).toBe('one\n')
    const file = join(folder, 'body')
    const bytes = noise(5_000_000)
    writeFileSync(file, bytes)
    const back = join(folder, 'back')
    await curl(port, '--data-binary', `@${file}`, '-o', back)
    expect(sha256(readFileSync(back))).toBe(sha256(bytes))
  })

  it('takes turns', async () => {
    const servers = await Promise.all(['a', 'b', 'c'].map((name) => http(name)))
    const { port } = await proxyTo(servers.map(({ upstream }) => upstream))
    const answers: string[] = []
    for (let i = 0; i < 6; ++i) answers.push(await curl(port))
    expect(answers.join('').replaceAll('\n', '')).toMatch(/^(abcabc|bcabca|cabcab)$/)
  })

  it('leaves out an upstream that is down, and takes it back', async () => {
    const [stays, goes] = [await http('stays'), await http('goes')]
    const { port } = await proxyTo([stays.upstream, goes.upstream], '--check-ms', '50')
    goes.server.closeAllConnections()
    await new Promise((resolve) => goes.server.close(resolve))
    for (let i = 0; i < 4; ++i) expect(await curl(port)).toBe('stays\n')
    await http('back', { port: Number(goes.upstream.split(':')[1]) })
    const answers = new Set<string>()
    for (const end = performance.now() + 15_000; answers.size < 2 && performance.now() < end; ) {
      answers.add(await curl(port))
    }
    expect([...answers].sort()).toEqual(['back\n', 'stays\n'])
  })

  it('reaches Unix sockets', async () => {
    const path = join(folder, 'http')
    await http('unix', { path })
    const { port } = await proxyTo([`unix:${path}`])
    expect(await curl(port)).toBe('unix\n')
  })
})

describe('the proxy, measured by iperf3', needsPrograms('iperf3'), () => {
  it.each([
    ['one way', []],
    ['the other way', ['-R']],
    ['by four at once', ['-P', '4']],
  ])('carries its streams %s', async (_, flags) => {
    const probe = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const port = String(probe.port)
    await new Promise((resolve) => probe.server.close(resolve))
    const server = Child.run('iperf3', ['-s', '-1', '-B', '127.0.0.1', '-p', port, '--forceflush'])
    await server.awaitOutput(/Server listening/)
    // Its server serves one test and no connection of a health check.
    const proxy = await proxyTo([`127.0.0.1:${port}`], '--check-ms', '1000000')
    const client = Child.run('iperf3', [
      '-c',
      '127.0.0.1',
      '-p',
      String(proxy.port),
      '-n',
      '200M',
      '-J',
      ...flags,
    ])
    expect(await client.awaitExit()).toBe(0)
    const { end } = JSON.parse(client.output)
    // What was in flight when the client had sent all of it is not counted.
    expect(end.sum_received.bytes).toBeGreaterThan(100 << 20)
    expect(await server.awaitExit()).toBe(0)
  })
})

describe('the proxy', () => {
  it('listens on a Unix socket, and chooses who has least to do', async () => {
    const far = await Promise.all([
      listeningPeer({ host: '127.0.0.1', port: 0 }),
      listeningPeer({ host: '127.0.0.1', port: 0 }),
    ])
    const path = join(folder, 'proxy')
    const upstreams = far.map(({ port }) => `127.0.0.1:${port}`)
    const { line } = await proxyTo(upstreams, '--unix', path, '--balance', 'least', '--check-ms', '1000000')
    expect(line).toBe(`unix://${path}`)
    const first = await Peer.connect({ path })
    const second = await Peer.connect({ path })
    await first.send('first')
    await second.send('second')
    const [one, two] = [await far[0].awaitPeer(), await far[1].awaitPeer()]
    await eventually('both to hear', () => one.bytes.length > 0 && two.bytes.length > 0)
    expect([one.bytes.toString(), two.bytes.toString()].sort()).toEqual(['first', 'second'])
  })

  it('passes half-closes and resets on', async () => {
    const far = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const { port } = await proxyTo([`127.0.0.1:${far.port}`], '--check-ms', '1000000')
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('question')
    await peer.end()
    const other = await far.awaitPeer()
    await other.awaitEnd()
    const answer = noise(3_000_000)
    await other.send(answer)
    await other.end()
    await peer.awaitEnd()
    expectSameBytes(peer.bytes, answer)
    const second = await Peer.connect({ host: '127.0.0.1', port })
    await second.send('x')
    const secondOther = await far.awaitPeer(2)
    await secondOther.awaitBytes(1)
    await secondOther.reset()
    await second.awaitClosed()
    expect(second.errorCode).toBe('ECONNRESET')
  })

  it('refuses where nobody answers', async () => {
    const probe = await listeningPeer({ host: '127.0.0.1', port: 0 })
    await new Promise((resolve) => probe.server.close(resolve))
    const { port } = await proxyTo([`127.0.0.1:${probe.port}`])
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.awaitClosed()
    expect(peer.errorCode).toBe('ECONNRESET')
  })

  it('ends with code 0 on Ctrl-C', async () => {
    const { child } = await proxyTo(['127.0.0.1:1'])
    child.process.kill('SIGINT')
    expect(await child.awaitExit()).toBe(0)
    expect(child.errors).toBe('')
  })
})
