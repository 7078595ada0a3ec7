// A peer that resets, in every state that a connection can be in: one error at most, one close, nothing left, and the
// next peer is served.
import { execFileSync } from 'node:child_process'
import type { Connection, ServerInit } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration, noise, type Peer } from '../support/raw.js'
import { expectEcho, leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { record } from './figures.js'

leaveNothingBehind()

/** More than the kernel's buffers of both sides take. */
const MUCH = noise(20_000_000)

interface Stage {
  conn: Connection
  peer: Peer
}

interface State {
  /** Handlers of its own; `data` echoes unless told otherwise. */
  init?: Partial<ServerInit<unknown, Buffer, string | Uint8Array>>
  /** Brings the connection there. */
  enter?(stage: Stage): unknown
  /** What it takes until the reset is noticed: reading stands still. */
  notice?(stage: Stage): unknown
  /** `closeReason`, where it is another than peer_reset. */
  reason?: RegExp
}

const states = (waiting = promised()): Record<string, State> => ({
  'that is idle': {},
  'that has just echoed': { enter: ({ peer }) => expectEcho(peer, noise(1000)) },
  'in the midst of what it sends': {
    async enter({ conn, peer }) {
      peer.socket.write(MUCH)
      await eventually('the beginning', () => conn.bytesRead > 100_000)
    },
  },
  'whose output it does not read': {
    init: { data() {} },
    async enter({ conn, peer }) {
      peer.socket.pause()
      expect(conn.write(MUCH)).toBe(false)
      expect(conn.queuedBytes).toBeGreaterThan(0)
    },
  },
  'that is paused': {
    enter: ({ conn }) => conn.pause(),
    notice: ({ conn }) => conn.resume(),
  },
  'that is paused, with bytes waiting': {
    async enter({ conn, peer }) {
      conn.pause()
      await peer.send('waits')
    },
    notice: ({ conn }) => conn.resume(),
  },
  'whose handler is at work': {
    init: { data: () => waiting.promise },
    async enter({ conn, peer }) {
      peer.socket.write('work')
      await eventually('the handler to be at work', () => conn.heldBy !== 0)
    },
    notice: () => waiting.resolve(),
  },
  'that we have ended': { enter: ({ conn }) => conn.end('bye') },
  'that we have ended, with output queued': {
    enter({ conn, peer }) {
      peer.socket.pause()
      conn.end(MUCH)
    },
  },
  'that it has ended itself': {
    init: { allowHalfOpen: true },
    async enter({ peer }) {
      await peer.end()
    },
    // Nothing is read after the end: the next write finds out.
    async notice({ conn }) {
      while (conn.readyState === 'open' && conn.write('are you there?')) await iteration()
    },
  },
  'that both have ended, with output queued': {
    init: { data() {} },
    async enter({ conn, peer }) {
      peer.socket.pause()
      conn.write(MUCH)
      conn.end()
      await peer.end()
    },
  },
  'whose idle timeout runs': { init: { idleTimeoutMs: 100_000 } },
  'that is destroyed in the same turn': {
    enter: ({ conn, peer }) => {
      peer.socket.resetAndDestroy()
      conn.destroy()
    },
    reason: /^destroyed$/,
  },
})

describe.each(BACKENDS)('the reset of a peer, on %s', (backend) => {
  it.each(Object.keys(states()))('of a connection %s', async (name) => {
    const { init, enter, notice, reason = /^peer_reset$/ } = states()[name]
    const conns: Connection[] = []
    const log: string[] = []
    const service = await serve({
      loop: loopOn(backend),
      open: (conn: Connection) => conns.push(conn),
      data(conn: Connection, chunk: Buffer) {
        if (!conn.write(chunk)) conn.pause()
      },
      drain: (conn: Connection) => conn.resume(),
      error: (_conn: Connection, error: unknown) => log.push(`error ${(error as { code: string }).code}`),
      close: (conn: Connection) => log.push(`close ${conn.closeReason}`),
      ...init,
    } as ServerInit<unknown, Buffer, string | Uint8Array>)
    const peer = await service.connect()
    await eventually('the connection', () => conns.length === 1)
    const stage = { conn: conns[0], peer }
    await enter?.(stage)
    await peer.reset()
    await notice?.(stage)
    await eventually('the close', () => log.some((line) => line.startsWith('close')))
    expect(conns[0].closeReason).toMatch(reason)
    expect(log.at(-1)).toBe(`close ${conns[0].closeReason}`)
    expect(log.slice(0, -1).filter((line) => !/^error (ECONNRESET|EPIPE)$/.test(line))).toEqual([])
    expect(log.length).toBeLessThanOrEqual(2)
    expect([service.server.connections, service.server.loop.counter('backlogBytes')]).toEqual([0, 0])
    const next = await service.connect()
    if (init?.data === undefined) await expectEcho(next, noise(1000))
  })

  it('of connections that were never accepted', async () => {
    const closes: string[] = []
    const service = await serve({
      loop: loopOn(backend),
      data: (conn, chunk) => conn.write(chunk),
      error() {},
      close: (conn) => closes.push(conn.closeReason ?? ''),
    })
    // This thread stands still meanwhile: they connect, write and reset, and only then are they found in the queue.
    execFileSync('python3', ['-c', RESET_MANY, String(service.port), '50'])
    const peer = await service.connect()
    await expectEcho(peer, noise(1000))
    await eventually('all others to be closed', () => service.server.connections === 1)
    for (const reason of closes) expect(reason).toBe('peer_reset')
    record(`50 connections that were reset in the queue (${backend})`, { accepted: closes.length })
  })
})

const RESET_MANY = `
import socket, struct, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
for i in range(count):
    peer = socket.create_connection(('127.0.0.1', port))
    if i % 2: peer.send(b'hello')
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    peer.close()
`
