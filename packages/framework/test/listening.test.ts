// Where a server can listen, what it says when it can not, and how it stops.
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer, type ListenTarget, SocketError } from '@pollux/framework'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { needs } from '../../native-poll/test/support/needs.js'
import { BACKENDS, Child, endChildren, listeningPeer, noise, Peer, temporaryFolder } from './support/raw.js'
import { echo, expectEcho, leaveNothingBehind, loopOn, portOf, serverOf } from './support/serving.js'

leaveNothingBehind()
afterEach(endChildren)
const folder = temporaryFolder()
const file = openSync('/dev/null', 'r')
afterAll(() => closeSync(file))
const INHERIT = fileURLToPath(new URL('fixtures/inherit.mjs', import.meta.url))

const AS_USER = needs(process.getuid?.() !== 0, 'a user who is not root')

describe.each(BACKENDS)('a server on %s', (backend) => {
  const fresh = () => serverOf({ ...echo, loop: loopOn(backend) })

  it('tells the address that the kernel gave it', async () => {
    const server = fresh()
    expect(server.address).toBe(undefined)
    const address = await server.listen({ host: '127.0.0.1', port: 0 })
    expect(address).toEqual({ family: 'IPv4', host: '127.0.0.1', port: expect.any(Number) })
    expect(server.address).toEqual(address)
    expect(portOf(server)).toBeGreaterThan(0)
  })

  it('listens on several addresses at once, and serves them all', async () => {
    const server = fresh()
    const path = join(folder, `several-${backend}`)
    const seen: unknown[] = []
    const both = serverOf({ ...echo, loop: server.loop, listening: (_server, address) => seen.push(address) })
    await both.listen({ host: '127.0.0.1', port: 0 })
    await both.listen({ host: '::1', port: 0 })
    await both.listen({ path })
    expect(both.addresses.map(({ family }) => family)).toEqual(['IPv4', 'IPv6', 'Unix'])
    expect(seen).toEqual(both.addresses)
    for (const address of both.addresses) {
      const to = 'path' in address ? { path: address.path } : { host: address.host, port: address.port }
      const peer = await Peer.connect(to)
      await expectEcho(peer, noise(1000))
    }
  })

  it('by a name listens on its first address', async () => {
    const address = await fresh().listen({ host: 'localhost', port: 0 })
    expect(['127.0.0.1', '::1']).toContain('host' in address && address.host)
  })

  it('with ipv6Only leaves IPv4 to others', async () => {
    const server = fresh()
    await server.listen({ host: '::', port: 0, ipv6Only: true })
    const other = fresh()
    // An address of IPv4 that no other program has connections on: the port was free for IPv6 alone.
    await other.listen({ host: '127.61.7.29', port: portOf(server) })
    expect(portOf(other)).toBe(portOf(server))
  })

  it('shares a port with reusePort', async () => {
    const [one, two] = [fresh(), fresh()]
    await one.listen({ host: '127.0.0.1', port: 0, reusePort: true })
    await two.listen({ host: '127.0.0.1', port: portOf(one), reusePort: true })
    expect(portOf(two)).toBe(portOf(one))
  })

  it('says that an address is in use, like Node does', async () => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const error = await fresh()
      .listen({ host: '127.0.0.1', port })
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SocketError)
    const node = await new Promise<NodeJS.ErrnoException>((resolve) => {
      createNetServer().once('error', resolve).listen(port, '127.0.0.1')
    })
    const { code, errno, address } = node as NodeJS.ErrnoException & { address: string }
    expect(error).toMatchObject({ code, errno, address, port, syscall: 'bind' })
    expect((error as Error).message).toMatch(/^bind 127\.0\.0\.1:\d+: .* \(EADDRINUSE\); .*port 0/)
  })

  it('does not take a Unix path where somebody answers, nor a file that is no socket', async () => {
    const path = join(folder, `taken-${backend}`)
    await listeningPeer({ path })
    await expect(fresh().listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE', address: path })
    await expectAnswer(path)
    const file = join(folder, `file-${backend}`)
    writeFileSync(file, 'precious')
    await expect(fresh().listen({ path: file })).rejects.toMatchObject({ code: 'EADDRINUSE', address: file })
    expect(existsSync(file)).toBe(true)
  })

  it.each([
    [
      'a host that is not there',
      { host: 'no-such-host.invalid', port: 0 },
      'getaddrinfo',
      /^(ENOTFOUND|EAI_AGAIN)$/,
    ],
    ['an address that is not ours', { host: '192.0.2.1', port: 0 }, 'bind', /^EADDRNOTAVAIL$/],
    ['a folder that is not there', { path: join(folder, 'no', 'where') }, 'bind', /^ENOENT$/],
    ['a path that is too long', { path: `/${'x'.repeat(200)}` }, 'bind', /^ENAMETOOLONG$/],
    ['a folder', { path: folder }, 'bind', /^EADDRINUSE$/],
    ['an fd that is not open', { fd: 9999 }, /./, /^EBADF$/],
    ['an fd that is no socket', { fd: file }, /./, /^ENOTSOCK$/],
  ])('says what is wrong with %s', async (_what, target: ListenTarget, syscall, code) => {
    const server = fresh()
    const error = await server.listen(target).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({
      syscall: expect.stringMatching(syscall),
      code: expect.stringMatching(code),
    })
    expect(server.addresses).toEqual([])
    await server.listen({ host: '127.0.0.1', port: 0 })
  })

  it('says that a privileged port needs a capability', AS_USER, async () => {
    await expect(fresh().listen({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'EACCES',
      port: 1,
    })
  })

  it('says that a folder is not writable', AS_USER, async () => {
    const locked = join(folder, `locked-${backend}`)
    mkdirSync(locked, { mode: 0o500 })
    await expect(fresh().listen({ path: join(locked, 's') })).rejects.toMatchObject({ code: 'EACCES' })
  })

  it('passes the sizes of buffers on to its connections', async () => {
    const server = fresh()
    await expect(server.listen({ host: '127.0.0.1', port: 0, sendBufferBytes: 1.5 })).rejects.toThrow(
      /sendBufferBytes/,
    )
    await server.listen({ host: '127.0.0.1', port: 0, sendBufferBytes: 4096, receiveBufferBytes: 4096 })
    await expectEcho(await Peer.connect({ port: portOf(server), host: '127.0.0.1' }), noise(100_000))
  })

  it.each([
    ['any fd', ['4'], {}, 4],
    ['systemd', [], { LISTEN_FDS: '1' }, 3],
  ])('takes a listening socket that is inherited, by %s', async (_how, args, env, at) => {
    const { server } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const command = `exec "$0" "$@" ${at === 3 ? '' : `${at}<&3 3<&-`}`
    const child = Child.run('sh', ['-c', command, process.execPath, INHERIT, backend, ...args], { env, fd })
    const port = Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)$/m))
    server.close()
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('quit')
    await peer.expectBytes('quit')
    await peer.end()
    expect(await child.awaitExit(), child.errors).toBe(0)
  })

  it('refuses to listen once it was closed', async () => {
    const server = fresh()
    await server.close()
    await expect(server.listen({ host: '127.0.0.1', port: 0 })).rejects.toMatchObject({
      code: 'ERR_POLLUX_SERVER_CLOSED',
    })
  })

  it('closed while it looks up a name does not listen', async () => {
    const server = fresh()
    const listening = server.listen({ host: 'localhost', port: 0 })
    await server.close()
    await expect(listening).rejects.toMatchObject({ code: 'ERR_POLLUX_SERVER_CLOSED' })
  })

  it('on a loop that is closed says so', async () => {
    const loop = loopOn(backend)
    loop.close()
    await expect(createServer({ ...echo, loop }).listen({ port: 0 })).rejects.toMatchObject({
      code: 'ERR_POLLUX_CLOSED',
    })
  })
})

async function expectAnswer(path: string) {
  const peer = await Peer.connect({ path })
  peer.socket.destroy()
}
