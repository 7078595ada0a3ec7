// Ends, half-ends, resets and pauses: each is told apart, and close is the last word.
import { join } from 'node:path'
import type { BackendName, Connection, ServerInit } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { type HandlerName, noted } from './support/failing.js'
import { BACKENDS, eventually, noise, temporaryFolder } from './support/raw.js'
import { connectMany, expectEcho, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()

async function watched(backend: BackendName, init: Partial<ServerInit<unknown>> = {}) {
  const log: HandlerName[] = []
  const conns: Connection[] = []
  const reasons: unknown[] = []
  const { data: _, ...handlers } = noted(log, (name, conn) => name === 'open' && conns.push(conn))
  const service = await serve({
    loop: loopOn(backend),
    ...handlers,
    data(conn, chunk) {
      if (log.at(-1) !== 'data') log.push('data')
      conn.write(chunk)
    },
    close(conn, error) {
      handlers.close(conn)
      reasons.push(error)
    },
    ...init,
  })
  const [peer] = await connectMany(service, conns, 1)
  const closed = () => eventually('the close', () => log.at(-1) === 'close')
  return { peer, conn: conns[0], log, reasons, closed, service }
}

describe.each(BACKENDS)('a connection on %s', (backend) => {
  it('whose peer ends is ended too, after what is queued', async () => {
    const { peer, log, reasons, closed } = await watched(backend)
    const bytes = noise(3_000_000)
    await peer.send(bytes)
    await peer.end()
    await peer.awaitEnd()
    await peer.expectBytes(bytes)
    await closed()
    expect(log).toEqual(['open', 'data', 'end', 'close'])
    expect(reasons).toEqual([undefined])
  })

  it('with allowHalfOpen may speak after the peer has ended, as long as it likes', async () => {
    const { peer, conn, log, closed } = await watched(backend, { allowHalfOpen: true })
    await peer.send('question')
    await peer.end()
    await eventually('the end', () => log.includes('end'))
    expect(conn.readyState).toBe('open')
    const answer = noise(1_000_000)
    conn.write(answer.subarray(0, 10))
    await peer.awaitBytes(18)
    conn.end(answer.subarray(10))
    await peer.awaitEnd()
    await peer.expectBytes(Buffer.concat([Buffer.from('question'), answer]))
    await closed()
    expect(log).toEqual(['open', 'data', 'end', 'close'])
  })

  it('that ends its own half goes on hearing', async () => {
    const { peer, conn, log, closed } = await watched(backend, { data: () => {} })
    conn.end('last words')
    await peer.awaitEnd()
    await peer.expectBytes('last words')
    expect(conn.readyState).toBe('ending')
    const bytes = noise(500_000)
    await peer.send(bytes)
    await eventually('all bytes', () => conn.bytesRead === bytes.length)
    expect(log).not.toContain('close')
    await peer.end()
    await closed()
    expect(conn.bytesRead).toBe(bytes.length)
    expect(conn.readyState).toBe('closed')
  })

  it.each([
    ['end', '', ['open', 'end', 'close']],
    ['reset', 'ECONNRESET', ['open', 'error', 'close']],
  ] as const)('tells a peer that %ss from one that does not', async (how, code, life) => {
    const { peer, log, reasons, closed } = await watched(backend)
    await peer[how]()
    await closed()
    expect(log).toEqual(life)
    expect(reasons).toEqual([code ? expect.objectContaining({ code, syscall: 'recv' }) : undefined])
  })

  it.each([
    ['destroy', ''],
    ['end', ''],
    ['reset', 'ECONNRESET'],
  ] as const)('that %ss is seen as that by its peer', async (how, code) => {
    const { peer, conn, log, closed } = await watched(backend)
    conn[how]()
    if (how === 'end') await peer.end()
    else await peer.awaitClosedOrEnded()
    peer.socket.end()
    await peer.awaitClosed()
    expect(peer.errorCode).toBe(code)
    await closed()
    expect(log.filter((name) => name === 'error')).toEqual([])
  })

  it('that is reset throws away what is queued; one that is destroyed too', async () => {
    for (const how of ['reset', 'destroy'] as const) {
      const { peer, conn, service, closed } = await watched(backend)
      peer.socket.pause()
      conn.write(noise(30_000_000))
      conn[how]()
      expect(conn.readyState).toBe('closed')
      await closed()
      expect(service.server.loop.counter('backlogBytes')).toBe(0)
      peer.socket.resume()
      await peer.awaitClosedOrEnded()
      expect(peer.bytes.length).toBeLessThan(30_000_000)
    }
  })

  it('passes the error of destroy(error) to error and close', async () => {
    const error = new Error('enough')
    const told: unknown[] = []
    const { conn, reasons, closed } = await watched(backend, { error: (_conn, what) => told.push(what) })
    conn.destroy(error)
    expect(told).toEqual([error])
    await closed()
    expect([told, reasons]).toEqual([[error], [error]])
  })

  it('that is paused leaves bytes, end and close where they are, until it is resumed', async () => {
    const { peer, conn, log, closed } = await watched(backend)
    conn.pause()
    conn.pause()
    expect(conn.isPaused).toBe(true)
    await peer.send('later')
    await peer.end()
    for (let i = 0; i < 20; ++i) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(log).toEqual(['open'])
    expect(conn.bytesRead).toBe(0)
    conn.write('meanwhile ')
    await peer.expectBytes('meanwhile ')
    conn.resume()
    await closed()
    expect(log).toEqual(['open', 'data', 'end', 'close'])
    await peer.expectBytes('meanwhile later')
  })

  it('that pauses in `data` gets no more of the same batch', async () => {
    const chunks: number[] = []
    const { peer, conn } = await watched(backend, {
      data(self, chunk) {
        chunks.push(chunk.length)
        expect(self.isPaused).toBe(false)
        self.pause()
      },
    })
    const bytes = noise(400_000)
    const sent = peer.send(bytes)
    for (let total = 0; total < bytes.length; ) {
      await eventually('a chunk', () => conn.isPaused)
      for (let i = 0; i < 3; ++i) await new Promise<void>((resolve) => setImmediate(resolve))
      total = chunks.reduce((sum, length) => sum + length)
      conn.resume()
    }
    await sent
    expect(conn.bytesRead).toBe(bytes.length)
  })

  it('over a Unix path lives and ends in the same way', async () => {
    const path = join(folder, `ends-${backend}`)
    const conns: Connection[] = []
    const service = await serve(
      { loop: loopOn(backend), open: (conn) => conns.push(conn), data: (conn, chunk) => conn.write(chunk) },
      { path },
    )
    const [peer] = await connectMany(service, conns, 1)
    await expectEcho(peer, noise(100_000))
    conns[0].end()
    await peer.awaitEnd()
    await peer.end()
    await eventually('the close', () => conns[0].readyState === 'closed')
  })
})
