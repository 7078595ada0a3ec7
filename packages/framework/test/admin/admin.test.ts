// The admin server as programs see it: Prometheus, supervisors, and those who should see nothing.
import { once } from 'node:events'
import { createServer as createNodeServer } from 'node:http'
import { createServer } from '@pollux/framework'
import { createAdmin } from '@pollux/framework/admin'
import { Registry } from '@pollux/framework/metrics'
import { Gauge } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { BACKENDS, Child, eventually, Peer } from '../support/raw.js'
import { programOf } from '../support/readme.js'
import { echo, leaveNothingBehind, loopOn, serve, serverOf } from '../support/serving.js'
import { adminOf, closeAdmins, get, getJson } from './support.js'

leaveNothingBehind()
closeAdmins()

const apart = () => ({ loop: loopOn(BACKENDS[0]) })

describe('the admin server', () => {
  it('tells its URL while it listens, on the loopback', async () => {
    const admin = createAdmin({ servers: [], port: 0 })
    expect(admin.url).toBeUndefined()
    const url = await admin.listen()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    expect(admin.url).toBe(url)
    await admin.close()
    expect(admin.url).toBeUndefined()
    await admin.close()
  })

  it('shows the metrics of its servers, in a registry of its own', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    await service.connect()
    await eventually('the connection', () => service.server.connections === 1)
    const { status, headers, body } = await get(admin, '/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('pollux_connections_open{server="echo"} 1\n')
    expect(body).toContain('pollux_loop_turn_duration_seconds_bucket{loop="1",le="+Inf"}')
  })

  it('shows the registry that it is given, and nothing else', async () => {
    const registry = new Registry()
    new Gauge({ name: 'mine', help: 'mine', registers: [registry] }).set(7)
    const { server } = await serve({ ...apart(), ...echo })
    const admin = await adminOf({ servers: [server], registry })
    expect((await get(admin, '/metrics')).body).toBe('# HELP mine mine\n# TYPE mine gauge\nmine 7\n')
  })

  it('answers 500 and goes on where a metric can not be read', async () => {
    const registry = new Registry()
    new Gauge({
      name: 'broken',
      help: 'broken',
      registers: [registry],
      collect() {
        throw new Error('the metric is broken')
      },
    })
    const admin = await adminOf({ servers: [], registry })
    expect(await get(admin, '/metrics')).toMatchObject({ status: 500, body: 'Error: the metric is broken\n' })
    expect((await get(admin, '/healthz')).status).toBe(200)
  })

  it('is healthy always, and ready only while all servers are', async () => {
    const server = serverOf({ name: 'late', ...apart(), ...echo })
    const { server: other } = await serve({ name: 'other', ...apart(), ...echo })
    const admin = await adminOf({ servers: [server, other] })
    expect(await get(admin, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await get(admin, '/readyz')).toMatchObject({
      status: 503,
      body: 'late: not listening, or closing\n',
    })
    await server.listen({ host: '127.0.0.1', port: 0 })
    expect(await get(admin, '/readyz')).toMatchObject({ status: 200, body: 'ready\n' })
    void other.close()
    expect(await get(admin, '/readyz')).toMatchObject({
      status: 503,
      body: 'other: not listening, or closing\n',
    })
    expect((await get(admin, '/healthz')).status).toBe(200)
  })

  it('is not ready as soon as a server closes, while its connections still finish', async () => {
    const service = await serve({ ...apart(), ...echo })
    const admin = await adminOf({ servers: [service.server] })
    const peer = await service.connect()
    await eventually('the connection', () => service.server.connections === 1)
    const closed = service.server.close()
    expect((await get(admin, '/readyz')).status).toBe(503)
    expect((await getJson(admin, '/connections')).total).toBe(1)
    await peer.end()
    await closed
  })

  it('is not ready while a server is overloaded', async () => {
    const { server } = await serve({ ...apart(), ...echo })
    const admin = await adminOf({ servers: [server] })
    server.overloadChanged(2)
    expect(await get(admin, '/readyz')).toMatchObject({ status: 503, body: 'default: overloaded, level 2\n' })
    server.overloadChanged(0)
    expect((await get(admin, '/readyz')).status).toBe(200)
  })

  it('is not ready without any server', async () => {
    const admin = await adminOf({ servers: [] })
    expect((await get(admin, '/readyz')).status).toBe(503)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('answers %s with 405', async (method) => {
    const admin = await adminOf({ servers: [] })
    const { status, headers } = await get(admin, '/metrics', { method })
    expect(status).toBe(405)
    expect(headers.allow).toBe('GET, HEAD')
  })

  it('answers HEAD as GET, without a body', async () => {
    const admin = await adminOf({ servers: [] })
    const { status, headers, body } = await get(admin, '/healthz', { method: 'HEAD' })
    expect([status, headers['content-length'], body]).toEqual([200, '3', ''])
  })

  it.each([
    '/nothing',
    '/assets/',
    '/assets/nothing.js',
    '/assets/../../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '//etc/passwd',
    '/metrics/',
    '/METRICS',
    '/assets/__proto__',
    '/constructor',
  ])('answers %s with 404', async (path) => {
    const admin = await adminOf({ servers: [] })
    expect((await get(admin, path)).status).toBe(404)
  })

  it('answers what is no path with 400', async () => {
    const admin = await adminOf({ servers: [] })
    expect((await get(admin, 'http://[')).status).toBe(400)
  })

  it('forbids browsers whatever the page does not need, in every answer', async () => {
    const admin = await adminOf({ servers: [] })
    for (const path of ['/', '/metrics', '/nothing', '/assets/uplot.js']) {
      const { headers } = await get(admin, path)
      const policy = headers['content-security-policy'] as string
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|https?:|\*/)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  describe('asked for by the name', () => {
    it.each([
      ['localhost', 200],
      ['LOCALHOST:7080', 200],
      ['127.0.0.1', 200],
      ['127.0.0.1:1', 200],
      ['[::1]:7080', 200],
      ['metrics.internal', 200],
      ['Metrics.Internal:443', 200],
      ['evil.example', 421],
      ['evil.example:7080', 421],
      ['localhost.evil.example', 421],
      ['127.0.0.1.evil.example', 421],
      ['evil.example@localhost', 421],
      ['10.1.2.3', 421],
      ['[::2]', 421],
      ['[::1', 421],
    ])('"%s" it answers %i', async (name, status) => {
      const admin = await adminOf({ servers: [], allowedHosts: ['metrics.INTERNAL'] })
      expect((await get(admin, '/healthz', { headers: { host: name } })).status).toBe(status)
    })

    it('of nobody, it answers 421', async () => {
      const admin = await adminOf({ servers: [] })
      const { port } = new URL(admin.url as string)
      const peer = await Peer.connect({ host: '127.0.0.1', port: Number(port) })
      await peer.send('GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')
      await peer.awaitEnd()
      expect(peer.bytes.toString()).toMatch(/^HTTP\/1\.1 421 /)
    })

    it('of the address that the request arrived at, it answers', async () => {
      const admin = await adminOf({ servers: [], host: '0.0.0.0' })
      const { port } = new URL(admin.url as string)
      const reply = await fetch(`http://127.0.0.2:${port}/healthz`)
      expect(reply.status).toBe(200)
      const foreign = await get(admin, '/healthz', { headers: { host: '127.0.0.3' } })
      expect(foreign.status).toBe(421)
    })
  })

  it('listens on IPv6 too', async () => {
    const admin = await adminOf({ servers: [], host: '::1' })
    expect(admin.url).toMatch(/^http:\/\/\[::1\]:\d+\/$/)
    expect((await fetch(`${admin.url}healthz`)).status).toBe(200)
  })

  it('says that its port is taken', async () => {
    const taken = createNodeServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const admin = createAdmin({ servers: [], port })
    await expect(admin.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await admin.close()
    await new Promise((resolve) => taken.close(resolve))
  })

  it('cuts off who is still connected when it closes', async () => {
    const admin = await adminOf({ servers: [] })
    const { port } = new URL(admin.url as string)
    const peer = await Peer.connect({ host: '127.0.0.1', port: Number(port) })
    await peer.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually('the answer', () => peer.bytes.toString().endsWith('ok\n'))
    await admin.close()
    await peer.awaitClosedOrEnded()
  })

  it('does not keep the process alive, nor does who looks at it', async () => {
    const program = `
      import { createServer } from '@pollux/framework'
      import { createAdmin } from '@pollux/framework/admin'
      const server = createServer({ data() {} })
      const admin = createAdmin({ servers: [server], port: 0 })
      await admin.listen()
      await fetch(admin.url + 'stats')
      console.log('done')`
    const child = Child.node([programOf(new URL('../admin.test.ts', import.meta.url).href, program)])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('done\n')
  })

  it.each([
    [{}, TypeError],
    [{ servers: {} }, TypeError],
    [{ servers: [{}] }, TypeError],
    [{ servers: [], port: 70_000 }, RangeError],
    [{ servers: [], port: '80' }, TypeError],
    [{ servers: [], host: '' }, TypeError],
    [{ servers: [], allowedHosts: 'x' }, TypeError],
    [{ servers: [], allowedHosts: [1] }, TypeError],
    [{ servers: [], registry: {} }, TypeError],
    [undefined, TypeError],
  ])('refuses %o', (options, kind) => {
    expect(() => createAdmin(options as never)).toThrow(kind)
  })

  it('takes servers of whatever types', () => {
    const server = createServer<{ n: number }>({ ...apart(), state: () => ({ n: 0 }), data() {} })
    expect(() => createAdmin({ servers: [server] })).not.toThrow()
  })
})
