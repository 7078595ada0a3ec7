// How a datagram server ends, and a socket of it that fails.
import { join } from 'node:path'
import type { DatagramServer } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { python } from '../../../core/test/datagrams/support/datagrams.js'
import { uncaughtDuring } from '../support/failing.js'
import { BACKENDS, Child, eventually, temporaryFolder } from '../support/raw.js'
import { loopOn } from '../support/serving.js'
import { HERE, leaveNothingBehind, serve, serverOf, settled, text, udpPeer } from './support/serving.js'

leaveNothingBehind()

const folder = temporaryFolder()

describe('closing a datagram server', () => {
  it('sends what waits, tells once, and lets nothing be opened or sent after', async () => {
    const closed: unknown[] = []
    const { server, port } = await serve({
      codec: text,
      message(socket, word) {
        socket.reply(word)
        server.close()
        expect(server.isReady).toBe(false)
      },
      close: (socket) => closed.push(socket.bytesRead),
    })
    const [socket] = server.sockets
    const peer = await udpPeer()
    await peer.send('last', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['last'])
    await server.close()
    expect(closed).toEqual([4])
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([4, 4])
    expect(server.statistics).toMatchObject({ bytesReceived: 4, bytesSent: 4 })
    expect([...server.statistics.closed]).toEqual([['ended', 1]])
    expect(() => socket.sendTo('x', { host: '127.0.0.1', port: 9 })).toThrow('closed')
    await expect(server.listen(HERE)).rejects.toMatchObject({ code: 'ERR_POLLUX_SERVER_CLOSED' })
    expect(server.address).toBe(undefined)
  })

  it('drops what waits at the deadline, which may be brought forward', async () => {
    const { server } = await serve({ message() {} }, { path: join(folder, 'closing.sock') })
    const path = join(folder, 'never.sock')
    const reader = python(
      's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("port 1"); sys.stdin.readline()',
      path,
    )
    await reader.awaitPort()
    const [socket] = server.sockets
    for (let i = 0; i < 1000; i++) socket.sendTo(Buffer.alloc(100), { path })
    await eventually('a queue', () => socket.queuedBytes > 0)
    const closing = server.close({ deadlineMs: Number.POSITIVE_INFINITY })
    await settled()
    expect(server.sockets.length).toBe(1)
    server.close({ deadlineMs: 0 })
    await closing
    expect(() => server.close({ deadlineMs: -1 })).toThrow(RangeError)
  })

  it('happens at the end of an `await using` block, and when the loop closes', async () => {
    let outer: DatagramServer
    {
      await using server = serverOf({ message() {} })
      outer = server
      await server.listen(HERE)
      expect(server.isReady).toBe(true)
    }
    expect(outer.sockets).toEqual([])

    const loop = loopOn(BACKENDS[0])
    const { server } = await serve({ loop, message() {} })
    loop.close()
    expect([...server.statistics.closed]).toEqual([['loop_closed', 1]])
    await server.close()
  })

  it('is not needed for the process to end after unref', async () => {
    const framework = new URL('../../dist/index.js', import.meta.url).href
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { createDatagramServer } from '${framework}'
      const server = createDatagramServer({ message() {} }).unref()
      console.log((await server.listen({ host: '127.0.0.1', port: 0 })).family)`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('IPv4\n')
  })
})

describe('a socket that fails for good', () => {
  /** As the loop tells it. */
  const breakDown = (server: DatagramServer) => server.sockets[0].channel.onError(-EBADF, RECV)
  const EBADF = 9
  const RECV = 1

  it('is told of by `failed`, closed, and no handler’s fault', async () => {
    const log: unknown[] = []
    const { server } = await serve({
      message() {},
      error: () => log.push('error'),
      failed: (self: DatagramServer, error) => log.push(self.sockets.length, error.code),
      close: () => log.push('close'),
    })
    breakDown(server)
    await eventually('the close', () => server.sockets.length === 0)
    expect(log).toEqual([expect.any(Number), 'EBADF', 'close'])
    expect(server.isReady).toBe(false)
    expect([...server.statistics.closed]).toEqual([['network_error', 1]])
  })

  it('is an uncaughtException without `failed`, and where it throws', async () => {
    const bug = new Error('bug')
    const caught = await uncaughtDuring(async () => {
      for (const handlers of [
        {},
        {
          failed() {
            throw bug
          },
        },
      ]) {
        const { server } = await serve({ message() {}, ...handlers })
        breakDown(server)
        await eventually('the close', () => server.sockets.length === 0)
      }
    })
    expect(caught).toEqual([expect.objectContaining({ code: 'EBADF' }), bug])
  })
})
