// Servers of node:http, node:https and node:http2 that listen with ours, and agents whose connections are ours.
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { type AddressInfo, BlockList, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import nodeTls from 'node:tls'
import { promisify } from 'node:util'
import * as net from '@pollux/net'
import { Agent, attach, HttpsAgent } from '@pollux/net/http'
import { connect as connectTls } from '@pollux/net/tls'
import { afterEach, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates } from '../../../framework/test/support/certificates.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const certificates: Certificates = makeCertificates()
const identity = { key: certificates.server.key, cert: certificates.server.cert }
const trust = { ca: certificates.ca, host: '127.0.0.1' }

const opened: { close(): unknown }[] = []
const agents: http.Agent[] = []

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy()
  for (const server of opened.splice(0)) server.close()
})

async function listening<S extends Server>(server: S): Promise<{ server: S; port: number }> {
  opened.push(server)
  attach(server).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

function agentOf<A extends http.Agent>(agent: A): A {
  agents.push(agent)
  return agent
}

async function bodyOf(request: http.ClientRequest): Promise<string> {
  const [response] = await once(request, 'response')
  return text(response)
}

const closed = (server: Server) => promisify(server.close).call(server)

describe('an HTTP server', () => {
  it('answers over sockets of ours, one after the other on one connection', async () => {
    const seen = new Set<unknown>()
    const { server, port } = await listening(
      http.createServer((request, response) => {
        seen.add(request.socket)
        expect(request.socket).toBeInstanceOf(net.Socket)
        response.end(`${request.method} ${request.url}`)
      }),
    )
    const agent = agentOf(new http.Agent({ keepAlive: true, maxSockets: 1 }))
    for (const path of ['/a', '/b', '/c']) {
      expect(await bodyOf(http.get({ port, host: '127.0.0.1', path, agent }))).toBe(`GET ${path}`)
    }
    expect(seen.size).toBe(1)
    // What is idle is closed with it.
    await closed(server)
    expect(server.listening).toBe(false)
  })

  it('takes and gives megabytes, with backpressure both ways', async () => {
    const { port } = await listening(http.createServer((request, response) => request.pipe(response)))
    const body = Buffer.alloc(5_000_000, 'abc')
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: agentOf(new Agent()) })
    request.end(body)
    expect((await bodyOf(request)).length).toBe(body.length)
  })

  it('upgrades, and says 100 Continue', async () => {
    const { server, port } = await listening(http.createServer((_, response) => response.end('continued')))
    server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nup')
    })
    const agent = agentOf(new Agent())
    const headers = { Connection: 'Upgrade', Upgrade: 'echo' }
    const upgrade = http.get({ port, host: '127.0.0.1', headers, agent })
    const [, socket, head] = await once(upgrade, 'upgrade')
    expect(head.toString() + (await text(socket))).toBe('up')
    const patient = http.request({
      ...{ port, host: '127.0.0.1', method: 'POST', agent },
      headers: { Expect: '100-continue' },
    })
    patient.flushHeaders()
    const body = bodyOf(patient)
    await once(patient, 'continue')
    patient.end('x')
    expect(await body).toBe('continued')
  })

  it('says 400 to what is no HTTP, and 408 to who is too slow', async () => {
    const options = { connectionsCheckingInterval: 20, headersTimeout: 30, requestTimeout: 30 }
    const { port } = await listening(http.createServer(options, () => {}))
    const wrong = net.connect(port, '127.0.0.1')
    wrong.write('no HTTP\r\n\r\n')
    expect(await text(wrong)).toMatch(/^HTTP\/1\.1 400 /)
    const slow = net.connect(port, '127.0.0.1')
    slow.write('GET / HTTP/1.1\r\n')
    expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('has the listening of ours: address, connections, most connections, errors, ref', async () => {
    const { server, port } = await listening(http.createServer())
    expect(server.listening).toBe(true)
    expect(server.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port })
    server.maxConnections = 1
    expect(server.maxConnections).toBe(1)
    const client = net.connect(port, '127.0.0.1')
    await once(server, 'connection')
    const getConnections = promisify(server.getConnections).bind(server)
    expect(await getConnections()).toBe(1)
    const dropped = once(server, 'drop')
    net.connect(port, '127.0.0.1').on('error', () => {})
    expect(await dropped).toMatchObject([{ localPort: port }])
    expect(server.unref().ref()).toBe(server)
    const second = attach(http.createServer())
    second.listen(port, '127.0.0.1')
    expect(await once(second, 'error')).toMatchObject([{ code: 'EADDRINUSE', syscall: 'listen' }])
    client.destroy()
    await closed(server)
    await expect(closed(server)).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })

  it('calls back when it listens and when it is closed, each once, and disposes of itself', async () => {
    const server = attach(nodeTls.createServer(identity))
    const calls: string[] = []
    for (const event of ['listening', 'close']) server.on(event, () => calls.push(event))
    await new Promise<void>((resolve) => server.listen(0, resolve))
    await server[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    await new Promise(setImmediate)
    expect(calls).toEqual(['listening', 'close'])
  })

  it('is closed by its signal, with all that it looks after', async () => {
    const server = attach(http.createServer((_, response) => response.end('hello')))
    opened.push(server)
    const aborting = new AbortController()
    server.listen({ port: 0, host: '127.0.0.1', signal: aborting.signal })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const agent = agentOf(new Agent({ keepAlive: true }))
    const request = http.get({ port, host: '127.0.0.1', agent })
    const [socket] = await once(request, 'socket')
    expect(await bodyOf(request)).toBe('hello')
    // Idle, and kept for the next request, if the server does not let go of it.
    const ended = once(socket, 'close')
    aborting.abort()
    await Promise.all([once(server, 'close'), ended])
  })

  it('is itself what it calls back with', async () => {
    const { server } = await listening(http.createServer())
    const self = await new Promise((resolve) => {
      server.close(function (this: unknown) {
        resolve(this)
      })
    })
    expect(self).toBe(server)
  })

  it('takes no connection that its block list names', async () => {
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.1')
    const server = nodeTls.createServer({ ...identity, blockList } as nodeTls.TlsOptions)
    // Node 20 does not keep the option.
    Object.assign(server, { blockList })
    const { port } = await listening(server)
    server.on('connection', () => expect.unreachable('it was taken'))
    await once(net.connect(port, '127.0.0.1').resume(), 'close')
  })

  it('can be attached twice, and not when it listens; nor can what is no server', async () => {
    const server = http.createServer()
    expect(attach(attach(server))).toBe(server)
    const listens = http.createServer().listen(0, '127.0.0.1')
    opened.push(listens)
    await once(listens, 'listening')
    expect(() => attach(listens)).toThrow('attach() has to come before listen()')
    expect(() => attach({} as never)).toThrow('The "server" argument must be an instance of net.Server')
  })
})

describe('an agent', () => {
  it('has connections of ours, and keeps them', async () => {
    const { port } = await listening(http.createServer((_, response) => response.end('hello')))
    const agent = agentOf(new Agent({ keepAlive: true }))
    const sockets = new Set<unknown>()
    for (let round = 0; round < 3; round++) {
      const request = http.get({ port, host: '127.0.0.1', agent })
      request.on('socket', (socket) => sockets.add(socket))
      expect(await bodyOf(request)).toBe('hello')
      await new Promise(setImmediate)
    }
    expect(sockets.size).toBe(1)
    expect([...sockets][0]).toBeInstanceOf(net.Socket)
  })

  it('says of a connection of its own that it is there', async () => {
    const { port } = await listening(http.createServer())
    const agent = agentOf(new Agent()) as Agent & Record<'createConnection', typeof net.connect>
    const socket = await new Promise<Duplex>((resolve) => {
      const connected = () => resolve(made)
      const made = agent.createConnection({ port, host: '127.0.0.1' }, connected)
    })
    expect(socket).toMatchObject({ connecting: false })
    socket.destroy()
  })

  it.for([
    ['http', Agent, http.Agent],
    ['https', HttpsAgent, https.Agent],
  ] as const)(
    'is made without new, and inherited from by call and by extends (%s)',
    async ([scheme, Ours, Nodes]) => {
      function Old(this: object) {
        ;(Ours as unknown as (this: object, options: object) => void).call(this, { maxSockets: 3 })
      }
      Object.setPrototypeOf(Old.prototype, Ours.prototype)
      class Mine extends Ours {}
      const { server, port } = await listening(
        scheme === 'http' ? http.createServer() : https.createServer(identity),
      )
      server.on('request', (_, response) => response.end('hello'))
      for (const made of [
        Ours({ maxSockets: 3 }),
        Reflect.construct(Old, []),
        new Mine({ maxSockets: 3 }),
      ] as http.Agent[]) {
        const agent = agentOf(made)
        expect([agent instanceof Ours, agent instanceof Nodes, agent.maxSockets]).toEqual([true, true, 3])
        expect(agent).toHaveProperty('createConnection', Ours.prototype.createConnection)
        const request = (scheme === 'http' ? http : https).get({
          port,
          ...trust,
          agent,
        } as http.RequestOptions)
        expect(await bodyOf(request)).toBe('hello')
      }
    },
  )

  it('tells a request what kept it from connecting', async () => {
    const { server, port } = await listening(http.createServer())
    await closed(server)
    const request = http.get({ port, host: '127.0.0.1', agent: agentOf(new Agent()) })
    expect(await once(request, 'error')).toMatchObject([{ code: 'ECONNREFUSED', port }])
  })
})

describe('HTTPS', () => {
  it('is spoken by an attached server and by an agent, and a session is taken up again', async () => {
    const { port } = await listening(
      https.createServer(identity, (request, response) => response.end(`hello ${request.url}`)),
    )
    const agent = agentOf(new HttpsAgent({ keepAlive: false }))
    const reused: boolean[] = []
    for (let round = 0; round < 3; round++) {
      const request = https.get({ port, ...trust, servername: 'localhost', agent, path: `/${round}` })
      request.on('response', ({ socket }) =>
        reused.push((socket as never as { isSessionReused(): boolean }).isSessionReused()),
      )
      expect(await bodyOf(request)).toBe(`hello /${round}`)
    }
    expect(reused[0]).toBe(false)
    expect(reused.at(-1)).toBe(true)
  })

  it('tells a handler whom it talks to', async () => {
    const { port } = await listening(
      https.createServer(identity, ({ socket }, response) => {
        response.end(
          JSON.stringify([socket.remoteAddress, socket.remoteFamily, socket.remotePort, socket.localPort]),
        )
      }),
    )
    const request = https.get({ port, ...trust, servername: 'localhost', agent: agentOf(new HttpsAgent()) })
    const body = bodyOf(request)
    const [socket] = await once(request, 'socket')
    await once(socket, 'secureConnect')
    expect(socket.remotePort).toBe(port)
    expect(JSON.parse(await body)).toEqual(['127.0.0.1', 'IPv4', socket.localPort, port])
  })

  it('ends where one side does not trust the other, or leaves in the midst of the handshake', async () => {
    const { server, port } = await listening(https.createServer(identity))
    const request = https.get({ port, host: '127.0.0.1', agent: agentOf(new HttpsAgent()) })
    const failed = once(server, 'tlsClientError')
    expect(await once(request, 'error')).toMatchObject([{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }])
    await failed
    const left = once(server, 'tlsClientError')
    net.connect(port, '127.0.0.1').end()
    expect(await left).toMatchObject([{ code: 'ECONNRESET' }, {}])
    await closed(server)
  })
})

describe('HTTP/2', () => {
  async function exchange(session: http2.ClientHttp2Session): Promise<string> {
    const requests = ['/a', '/b'].map((path) => text(session.request({ ':path': path })))
    const bodies = await Promise.all(requests)
    session.close()
    await once(session, 'close')
    return bodies.join(' ')
  }

  it('is spoken with TLS', async () => {
    const { server, port } = await listening(
      http2.createSecureServer(identity, (request, response) => void response.end(request.url)),
    )
    const createConnection = () =>
      connectTls({ port, ...trust, servername: 'localhost', ALPNProtocols: ['h2'] })
    expect(await exchange(http2.connect(`https://localhost:${port}`, { createConnection }))).toBe('/a /b')
    await closed(server)
  })

  it('is spoken without', async () => {
    const { server, port } = await listening(
      http2.createServer((request, response) => {
        const { remoteAddress, remoteFamily, localPort } = request.socket
        expect([remoteAddress, remoteFamily, localPort]).toEqual(['127.0.0.1', 'IPv4', port])
        response.end(request.url)
      }),
    )
    const createConnection = () => net.connect(port, '127.0.0.1')
    expect(await exchange(http2.connect(`http://127.0.0.1:${port}`, { createConnection }))).toBe('/a /b')
    await closed(server)
  })
})
