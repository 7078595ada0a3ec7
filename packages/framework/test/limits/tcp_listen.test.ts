// TCP_DEFER_ACCEPT and TCP_FASTOPEN as options of `listen` and `connect`: read back by another program, and seen to work.
import { join } from 'node:path'
import type { Channel, EventLoop } from '@pollux/core'
import { connect } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { readNumbers } from '../../../native-poll/test/support/option_reader.js'
import { BACKENDS, eventually, KNOWS_LINUX, Peer, patiently, temporaryFolder } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, portOf, promised, serverOf } from '../support/serving.js'

leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS
const folder = temporaryFolder()

/** The descriptor of the one socket that is open. */
function fdOf(loop: EventLoop): number {
  const [channel] = loop.targets.filter((each): each is Channel => each !== null)
  return loop.reactor.fd(channel.handle)
}

describe('listen', needs(KNOWS_LINUX, 'a build with the calls of Linux'), () => {
  const fresh = () => serverOf({ ...echo, loop: loopOn(BACKEND) })

  it('sets TCP_DEFER_ACCEPT, with which nobody is accepted who says nothing', async () => {
    const server = fresh()
    await server.listen({ host: '127.0.0.1', port: 0, deferAcceptSeconds: 30 })
    // The kernel counts in retransmissions, and rounds up.
    expect(readNumbers(fdOf(server.loop), 'IPPROTO_TCP', 'TCP_DEFER_ACCEPT', 'i')[0]).toBeGreaterThanOrEqual(
      30,
    )
    const peer = await Peer.connect({ host: '127.0.0.1', port: portOf(server) })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(server.connections).toBe(0)
    await peer.send('hello')
    await peer.expectBytes('hello')
    expect(server.connections).toBe(1)
  })

  it('sets TCP_FASTOPEN', async () => {
    const server = fresh()
    await server.listen({ host: '127.0.0.1', port: 0, fastOpenQueue: 16 })
    expect(readNumbers(fdOf(server.loop), 'IPPROTO_TCP', 'TCP_FASTOPEN', 'i')).toEqual([16])
    const peer = await Peer.connect({ host: '127.0.0.1', port: portOf(server) })
    await peer.send('hello')
    await peer.expectBytes('hello')
  })

  it.each([true, false])(
    'answers clients that ask for TCP_FASTOPEN_CONNECT or do not: %s',
    async (fastOpen) => {
      const server = fresh()
      await server.listen({ host: '127.0.0.1', port: 0, fastOpenQueue: 16 })
      for (let i = 0; i < 3; i++) {
        const answered = promised<string>()
        const conn = await connect(
          { host: '127.0.0.1', port: portOf(server), fastOpen },
          { loop: server.loop, data: (_conn, chunk) => answered.resolve(String(chunk)) },
        )
        expect(readNumbers(conn.socket.fd, 'IPPROTO_TCP', 'TCP_FASTOPEN_CONNECT', 'i')).toEqual([
          Number(fastOpen),
        ])
        conn.write('hello')
        expect(await patiently(answered.promise, 'the answer')).toBe('hello')
        conn.destroy()
      }
    },
  )

  it('sets neither by itself', async () => {
    const server = fresh()
    await server.listen({ host: '127.0.0.1', port: 0 })
    expect(readNumbers(fdOf(server.loop), 'IPPROTO_TCP', 'TCP_DEFER_ACCEPT', 'i')).toEqual([0])
    expect(readNumbers(fdOf(server.loop), 'IPPROTO_TCP', 'TCP_FASTOPEN', 'i')).toEqual([0])
    const peer = await Peer.connect({ host: '127.0.0.1', port: portOf(server) })
    await eventually('the connection', () => server.connections === 1)
    expect(peer.isClosed).toBe(false)
  })

  it.each([
    [{ deferAcceptSeconds: -1 }, '"deferAcceptSeconds"'],
    [{ deferAcceptSeconds: 1.5 }, '"deferAcceptSeconds"'],
    [{ fastOpenQueue: '1' }, '"fastOpenQueue"'],
  ])('refuses %j', async (options, named) => {
    const server = fresh()
    await expect(server.listen({ host: '127.0.0.1', port: 0, ...(options as object) })).rejects.toThrow(named)
    expect(server.addresses).toEqual([])
  })

  it('does not take them for Unix sockets', async () => {
    const server = fresh()
    // The type of the target has none of them: what it does not know, it does not look at.
    await server.listen({ path: join(folder, 'plain'), deferAcceptSeconds: 5 } as never)
    expect(server.addresses.length).toBe(1)
  })
})
