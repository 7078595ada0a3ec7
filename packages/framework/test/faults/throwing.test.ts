// A handler that throws on every tenth message: each throw costs one connection, and nothing else.
import type { Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, Peer, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { record } from './figures.js'

leaveNothingBehind()

const CLIENTS = 20
const MESSAGES = 3000

describe.each(BACKENDS)('a handler that throws on every tenth message, on %s', (backend) => {
  it.each(['throws', 'rejects'] as const)('%s, and every other message is answered', async (how) => {
    let received = 0
    const errors: unknown[] = []
    const closes: unknown[] = []
    const answer = (conn: Connection, chunk: Buffer) => {
      if (++received % 10 === 0) throw new Error(`message ${received}`)
      conn.write(chunk)
    }
    const { server, port } = await serve({
      loop: loopOn(backend),
      data: how === 'throws' ? answer : async (conn, chunk) => answer(conn, chunk),
      error: (_conn, error) => errors.push(error),
      close: (_conn, error) => closes.push(error),
    })
    let sent = 0
    let answered = 0
    let lost = 0
    const client = async () => {
      while (sent < MESSAGES) {
        const peer = await Peer.connect({ host: '127.0.0.1', port })
        while (sent < MESSAGES && !peer.isEnded && !peer.isClosed) {
          sent++
          if (await exchange(peer)) answered++
          else lost++
        }
        peer.socket.destroy()
      }
    }
    await patiently(Promise.all(Array.from({ length: CLIENTS }, client)), 'all messages')
    await eventually('all connections to be closed', () => server.connections === 0)
    const throws = Math.floor(received / 10)
    expect([received, answered, lost]).toEqual([sent, sent - throws, throws])
    expect(errors).toHaveLength(throws)
    expect(server.statistics.handlerErrors).toBe(throws)
    expect(closes.filter((error) => error !== undefined)).toEqual(errors)
    expect(server.statistics.closed.get('handler_error')).toBe(throws)
    record(`a handler that ${how} on every tenth message (${backend})`, {
      messages: sent,
      answered,
      'connections lost': lost,
    })
  })
})

/** Whether the message came back; false: the connection is gone. */
async function exchange({ socket }: Peer): Promise<boolean> {
  const { promise, resolve } = promised<boolean>()
  const came = () => resolve(true)
  const gone = () => resolve(false)
  socket.once('data', came).once('end', gone).once('close', gone)
  socket.write('message')
  const isAnswered = await promise
  socket.off('data', came).off('end', gone).off('close', gone)
  return isAnswered
}
