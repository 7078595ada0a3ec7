// ws with both ends over the module: its server upon an http.Server, its client by `createConnection`.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ClientOptions, createWebSocketStream, WebSocket, WebSocketServer } from 'ws'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { type Identity, makeIdentity } from './support/certificates.js'
import { type Listening, listenOver } from './support/http.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { freePort } from './support/programs.js'

leaveNothingBehind()

describe('ws', () => {
  let identity: Identity

  beforeAll(() => {
    identity = makeIdentity()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    let listening: Listening | undefined

    /** A server's port; each of its connections is for `talk` to serve. */
    async function serve(talk: (socket: WebSocket, server: WebSocketServer) => void, options = {}) {
      const http = createServer()
      const server = new WebSocketServer({ server: http, maxPayload: 64 << 20, ...options })
      server.on('connection', (socket) =>
        talk(
          socket.on('error', () => {}),
          server,
        ),
      )
      listening = await listenOver(net, http)
      return listening.port
    }

    const echo = (socket: WebSocket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))

    function connecting(port: number, options: ClientOptions = {}): WebSocket {
      const createConnection = () => sockets.connect({ port, host: '127.0.0.1' })
      return new WebSocket(`ws://127.0.0.1:${port}`, { createConnection, maxPayload: 64 << 20, ...options })
    }

    async function client(port: number, options: ClientOptions = {}): Promise<WebSocket> {
      const socket = connecting(port, options)
      await patiently(once(socket, 'open'), 'the connection')
      return socket
    }

    /** The next `count` messages. */
    function messages(socket: WebSocket, count: number): Promise<(Buffer | string)[]> {
      const heard: (Buffer | string)[] = []
      const all = new Promise<typeof heard>((resolve) =>
        socket.on('message', (data: Buffer, isBinary) => {
          if (heard.push(isBinary ? data : data.toString()) === count) resolve(heard)
        }),
      )
      return patiently(all, () => `${count} messages: ${heard.length}`)
    }

    afterEach(async () => {
      for (const socket of sockets.made) {
        socket.destroy()
        if (!socket.closed) await once(socket, 'close')
      }
      sockets = new Sockets(net)
      await listening?.close()
      listening = undefined
    })

    it('echoes text and bytes', async () => {
      const socket = await client(await serve(echo))
      const heard = messages(socket, 3)
      socket.send('ä€😀')
      socket.send(Buffer.from([0, 255]))
      socket.send('')
      expect(await heard).toEqual(['ä€😀', Buffer.from([0, 255]), ''])
      expect(madeBy(sockets.made[0])).toBe(over)
      expect(madeBy(listening?.sockets[0])).toBe(over)
    })

    it('keeps the order of thousands', async () => {
      const socket = await client(await serve(echo))
      const heard = messages(socket, 10_000)
      for (let i = 0; i < 10_000; i++) socket.send(String(i))
      expect(await heard).toEqual(Array.from({ length: 10_000 }, (_, i) => String(i)))
    })

    it('carries megabytes both ways', async () => {
      const socket = await client(await serve(echo))
      const heard = messages(socket, 2)
      const bytes = noise(16 << 20)
      socket.send(bytes)
      socket.send('and more')
      const [same, more] = await heard
      expectSameBytes(same as Buffer, bytes)
      expect(more).toBe('and more')
    })

    it('compresses', async () => {
      const port = await serve(echo, { perMessageDeflate: true })
      const socket = await client(port, { perMessageDeflate: true })
      const heard = messages(socket, 100)
      const text = 'again and again '.repeat(1000)
      for (let i = 0; i < 100; i++) socket.send(`${i} ${text}`)
      expect(await heard).toEqual(Array.from({ length: 100 }, (_, i) => `${i} ${text}`))
      expect(sockets.made[0].bytesWritten).toBeLessThan(100_000)
    })

    it('broadcasts', async () => {
      const port = await serve((socket, server) =>
        socket.on('message', (data) => {
          for (const each of server.clients) each.send(data)
        }),
      )
      const clients = await Promise.all(Array.from({ length: 30 }, () => client(port)))
      const heard = clients.map((each) => messages(each, 30))
      for (const [i, each] of clients.entries()) each.send(String(i))
      for (const all of await Promise.all(heard)) {
        expect(all.map(Number).sort((a, b) => a - b)).toEqual(clients.map((_, i) => i))
      }
    })

    it('pings and is answered, in both directions', async () => {
      const answers: string[] = []
      const port = await serve((socket) => {
        socket.ping('from the server')
        socket.on('pong', (data) => answers.push(data.toString()))
      })
      const socket = await client(port)
      const pong = once(socket, 'pong')
      socket.ping('from the client')
      expect(String((await patiently(pong, 'the pong'))[0])).toBe('from the client')
      await eventually('the other pong', () => answers.includes('from the server'))
    })

    it('closes with a code and a reason, whichever side begins', async () => {
      const told: unknown[] = []
      const port = await serve((socket) => {
        socket.on('message', () => socket.close(4001, 'the server is tired'))
        socket.on('close', (code, reason) => told.push([code, reason.toString()]))
      })
      const [first, second] = [await client(port), await client(port)]
      const closes = Promise.all([once(first, 'close'), once(second, 'close')])
      first.close(4002, 'the client is tired')
      second.send('close, please')
      const codes = (await patiently(closes, 'close')).map(([code, reason]) => [code, String(reason)])
      expect(codes).toEqual([
        [4002, 'the client is tired'],
        [4001, 'the server is tired'],
      ])
      await eventually('the server to be told', () => told.length === 2)
      expect(told).toContainEqual([4002, 'the client is tired'])
    })

    it('tells of a connection that was cut', async () => {
      const told: number[] = []
      const port = await serve((socket) => socket.on('close', (code) => told.push(code)))
      const [terminated, reset] = [await client(port), await client(port)]
      terminated.terminate()
      sockets.made[1].resetAndDestroy()
      await eventually('the server to be told', () => told.length === 2)
      expect(told).toEqual([1006, 1006])
      expect(reset.readyState).not.toBe(WebSocket.OPEN)
    })

    it('is a stream, up and down', async () => {
      const bytes = noise(8 << 20)
      const parts = Array.from({ length: 512 }, (_, i) => bytes.subarray(i << 14, (i + 1) << 14))
      let uploaded: Promise<Buffer> | undefined
      const port = await serve((socket) => {
        if (uploaded === undefined) uploaded = buffer(createWebSocketStream(socket))
        else Readable.from(parts).pipe(createWebSocketStream(socket))
      })
      Readable.from(parts).pipe(createWebSocketStream(await client(port)))
      await eventually('the server', () => uploaded !== undefined)
      expectSameBytes((await uploaded) ?? Buffer.alloc(0), bytes)
      expectSameBytes(await buffer(createWebSocketStream(connecting(port))), bytes)
    })

    it('holds back what the peer does not read', async () => {
      const accepted: WebSocket[] = []
      const port = await serve((socket) => {
        socket.pause()
        accepted.push(socket)
      })
      const socket = await client(port)
      const bytes = noise(32 << 20)
      let isSent = false
      socket.send(bytes, () => {
        isSent = true
      })
      await eventually('the server', () => accepted.length === 1)
      for (let i = 0; i < 20; i++) await new Promise(setImmediate)
      expect([isSent, socket.bufferedAmount > 0]).toEqual([false, true])
      const heard = messages(accepted[0], 1)
      accepted[0].resume()
      expectSameBytes((await heard)[0] as Buffer, bytes)
      expect(isSent).toBe(true)
    })

    it('is told that it is not let in, and that nobody listens', async () => {
      const port = await serve(echo, { verifyClient: () => false })
      const [[refusal], [error]] = await Promise.all(
        [port, await freePort()].map((target) =>
          once(connecting(target), 'error').then(
            (args) => args,
            (reason) => [reason],
          ),
        ),
      )
      expect(refusal.message).toBe('Unexpected server response: 401')
      expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
    })

    it('speaks TLS', async () => {
      const http = createSecureServer(identity)
      new WebSocketServer({ server: http, maxPayload: 64 << 20 }).on('connection', echo)
      listening = await listenOver(net, http)
      const { port } = listening
      const createConnection = (): Socket =>
        connectTls({
          socket: sockets.connect({ port, host: '127.0.0.1' }),
          host: '127.0.0.1',
          ca: identity.cert,
        })
      const socket = await client(port, { createConnection } as ClientOptions)
      const heard = messages(socket, 1)
      const bytes = noise(4 << 20)
      socket.send(bytes)
      expectSameBytes((await heard)[0] as Buffer, bytes)
      expect(madeBy(listening.sockets[0])).toBe(over)
    })
  })
})
