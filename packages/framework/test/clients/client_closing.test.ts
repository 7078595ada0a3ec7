// How a client ends, and who may ask for it.
import { type ConnectTarget, createClient } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { BACKENDS, Child, endChildren, eventually, iteration, unanswered } from '../support/raw.js'
import { loopOn, promised } from '../support/serving.js'
import { clientOf, here, leaveNothingBehind, nowhere, reasonOf, thrownBy } from './support/clients.js'
import { textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)

const bytes = { data() {} }

describe('closing a client', () => {
  it('ends the connection in order, and makes no other', async () => {
    const { target, awaitPeer } = await here()
    const log: string[] = []
    const client = clientOf(target, {
      codec: textLines,
      message() {},
      disconnected: () => log.push('disconnected'),
      retry: () => log.push('retry'),
      closed: (_client, error) => log.push(`closed ${error}`),
    })
    await client.whenConnected()
    client.send('bye')
    const closing = client.close()
    expect(client.readyState).toBe('closing')
    expect(await reasonOf(client.whenConnected())).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    const peer = await awaitPeer()
    await peer.expectBytes('bye\n')
    await peer.awaitEnd()
    await peer.end()
    await closing
    expect(log).toEqual(['disconnected', 'closed undefined'])
    expect(client.readyState).toBe('closed')
    await client.close()
  })

  it('destroys the connection at the deadline, which may be brought forward', async () => {
    const { target, awaitPeer } = await here()
    const client = clientOf(target, bytes)
    const conn = await client.whenConnected()
    await awaitPeer()
    const closing = client.close({ deadlineMs: Number.POSITIVE_INFINITY })
    client.close({ deadlineMs: 60_000 })
    await iteration()
    expect(client.readyState).toBe('closing')
    client.close({ deadlineMs: 1 })
    await closing
    expect(conn.closeReason).toBe('shutdown')
  })

  it.each([
    ['it connects', async () => unanswered(BACKENDS[0])],
    ['it waits', nowhere],
  ])('is over at once while %s', async (_what, where: () => Promise<ConnectTarget>) => {
    const closed: unknown[] = []
    const retried = promised()
    const target = await where()
    const client = clientOf(target, {
      ...bytes,
      minDelayMs: 60_000,
      maxDelayMs: 60_000,
      retry: () => retried.resolve(),
      closed: (_client, error) => closed.push(error),
    })
    if (where === nowhere) await retried.promise
    else await eventually('the attempt', () => client.loop.counter('openSockets') === 1)
    const waiting = reasonOf(client.whenConnected())
    client.close()
    expect(client.readyState).toBe('closed')
    expect(closed).toEqual([undefined])
    expect(await waiting).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    await eventually('no sockets', () => client.loop.counter('openSockets') === 0)
  })

  it('happens at the end of an `await using` block', async () => {
    const { target, awaitPeer } = await here()
    let outer: { readyState: string }
    {
      await using client = clientOf(target, bytes)
      outer = client
      await client.whenConnected()
      const peer = await awaitPeer()
      peer.socket.on('end', () => peer.socket.end())
    }
    expect(outer.readyState).toBe('closed')
  })

  it('happens by the signal, whose reason is told', async () => {
    const { target } = await here()
    const abort = new AbortController()
    const reason = new Error('shutting down')
    const told: unknown[] = []
    const closed = promised()
    const client = clientOf(
      { ...target, signal: abort.signal },
      {
        ...bytes,
        close: (_conn, error) => told.push(error),
        disconnected: (_client, error) => told.push(error),
        closed(_client, error) {
          told.push(error)
          closed.resolve()
        },
      },
    )
    await client.whenConnected()
    abort.abort(reason)
    await closed.promise
    expect(told).toEqual([reason, reason, reason])
    const other = { ...target, signal: abort.signal }
    expect(thrownBy(() => createClient(other, bytes))).toBe(reason)
  })

  it('happens when the loop is closed under it', async () => {
    for (const target of [(await here()).target, await nowhere()]) {
      const loop = loopOn(BACKENDS[0])
      const closed = promised<unknown>()
      const turned = promised()
      clientOf(target, {
        ...bytes,
        loop,
        connected: () => turned.resolve(),
        retry: () => turned.resolve(),
        closed: (_client, error) => closed.resolve(error),
      })
      await turned.promise
      loop.close()
      expect(await closed.promise).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    }
  })

  it.each(['connected', 'disconnected', 'retry'] as const)('may be asked for in `%s`', async (name) => {
    const { target, awaitPeer } = await here()
    const log: string[] = []
    const closed = promised()
    clientOf(target, {
      ...bytes,
      [name]: (self: { close(): Promise<void> }) => {
        log.push(name)
        self.close()
      },
      closed() {
        log.push('closed')
        closed.resolve()
      },
    })
    await (await awaitPeer()).end()
    await closed.promise
    expect(log).toEqual([name, 'closed'])
  })

  it('is not needed for the process to end after unref', async () => {
    const { port } = await nowhere()
    const framework = new URL('../../dist/index.js', import.meta.url).href
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { createClient } from '${framework}'
      createClient({ host: '127.0.0.1', port: ${port} }, { data() {}, retry: () => console.log('waits') }).unref()`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('waits\n')
  })
})
