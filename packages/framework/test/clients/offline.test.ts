// What is sent through a client while it has no connection: kept, refused or given back, never lost in silence.
import type { Unsent } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren, eventually, iteration } from '../support/raw.js'
import { promised } from '../support/serving.js'
import { clientOf, here, leaveNothingBehind, nowhere, thrownBy } from './support/clients.js'
import { textLines } from './support/codecs.js'

leaveNothingBehind()
afterEach(endChildren)

describe('what is sent while there is no connection', () => {
  it('is refused, unless told otherwise', async () => {
    const client = clientOf(await nowhere(), { codec: textLines })
    expect(thrownBy(() => client.send('lost?'))).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(thrownBy(() => client.write('lost?'))).toMatchObject({ code: 'ERR_POLLUX_NOT_CONNECTED' })
    expect(client.queuedBytes).toBe(0)
  })

  it('is kept within maxOfflineBytes, sent in order and after what `connected` sends, and refused beyond', async () => {
    const target = await nowhere()
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 12,
      connected: (_client, conn) => conn.send('login'),
    })
    expect(client.send('one')).toBe(false)
    client.write(Buffer.from('two\n'))
    expect(client.queuedBytes).toBe(8)
    const tooLong = thrownBy(() => client.send('long'))
    expect(tooLong).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    expect(tooLong.message).toContain('maxOfflineBytes (12)')
    client.send('333')
    expect(thrownBy(() => client.send(''))).toMatchObject({ code: 'ERR_POLLUX_QUEUE_FULL' })
    const { awaitPeer } = await here(target.port)
    await (await awaitPeer()).expectBytes('login\none\ntwo\n333\n')
    expect(client.queuedBytes).toBe(0)
    client.send('now')
    await (await awaitPeer()).expectBytes('login\none\ntwo\n333\nnow\n')
  })

  it('is a copy, where it is bytes, and what the codec refuses is refused at once', async () => {
    const target = await nowhere()
    const client = clientOf(target, { codec: textLines, maxOfflineBytes: 1000 })
    const mine = Buffer.from('mine\n')
    client.write(mine)
    mine.fill(0)
    expect(thrownBy(() => client.send(1 as never)).message).toBe('a line must be a string')
    expect(thrownBy(() => client.write([1] as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    const { awaitPeer } = await here(target.port)
    await (await awaitPeer()).expectBytes('mine\n')
  })

  it('waits for the promise of `connected`', async () => {
    const { target, awaitPeer } = await here()
    const login = promised()
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 1000,
      async connected(_client, conn) {
        conn.send('user')
        await login.promise
        conn.send('password')
      },
    })
    const peer = await awaitPeer()
    await peer.expectBytes('user\n')
    client.send('work')
    expect(client.readyState).toBe('connecting')
    login.resolve()
    await peer.expectBytes('user\npassword\nwork\n')
    expect(client.readyState).toBe('connected')
  })

  it('goes to the next connection where the first did not live long enough', async () => {
    const { target, awaitPeer } = await here()
    let logins = 0
    const client = clientOf(target, {
      codec: textLines,
      maxOfflineBytes: 1000,
      error() {},
      async connected() {
        await iteration()
        if (++logins === 1) throw new Error('not yet')
      },
    })
    client.send('work')
    await (await awaitPeer()).awaitClosedOrEnded()
    await (await awaitPeer(2)).expectBytes('work\n')
  })

  it('comes whole and in order where it is more than the peer reads, with what is sent meanwhile behind it', async () => {
    const target = await nowhere()
    const client = clientOf(target, {
      codec: textLines,
      highWaterMark: 16 * 1024,
      maxOfflineBytes: 64 * 1024 * 1024,
    })
    const line = (i: number) => `${i} `.padEnd(60_000, 'x')
    const lines = Array.from({ length: 400 }, (_, i) => line(i))
    for (const each of lines) client.send(each)
    const { awaitPeer } = await here(target.port)
    const peer = await awaitPeer()
    peer.socket.pause()
    await eventually('output above the watermark', () => client.statistics.highWaterCrossings > 0)
    expect(client.readyState).toBe('connecting')
    client.send('the last')
    peer.socket.resume()
    await peer.expectBytes(`${lines.join('\n')}\nthe last\n`)
    expect(client.readyState).toBe('connected')
  })

  it('is not given to a connection that is gone, though its close was not told yet', async () => {
    const { target, awaitPeer } = await here()
    const client = clientOf(target, { codec: textLines, maxOfflineBytes: 1000 })
    const conn = await client.whenConnected()
    conn.destroy()
    expect(client.readyState).toBe('connected')
    expect(client.send('not lost')).toBe(false)
    const next = client.whenConnected()
    await (await awaitPeer(2)).expectBytes('not lost\n')
    expect(await next).not.toBe(conn)
  })

  it('is told of by `closed`, if there was no other connection', async () => {
    const told: unknown[] = []
    const client = clientOf(await nowhere(), {
      codec: textLines,
      maxOfflineBytes: 1000,
      closed: (_client, error, unsent: Unsent) => told.push(error, unsent),
    })
    client.send('1234')
    client.send('567')
    await client.close()
    expect(told).toEqual([undefined, { messages: 2, bytes: 9 }])
    expect(client.statistics).toMatchObject({ droppedMessages: 2, droppedBytes: 9 })
    for (const send of [() => client.send('x'), () => client.write('x')]) {
      expect(thrownBy(send)).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
    }
  })
})
