// What is published on node:diagnostics_channel, and what that costs when nobody listens.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type Connection, diagnostics, type Plugin, SocketError } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { textLines } from '../support/lines.js'
import { BACKENDS, eventually } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()

const subscriptions: [string, (message: unknown) => void][] = []
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) unsubscribe(...subscription)
})

/** All that is published from now on, with the channel's name. */
function listen(...names: string[]) {
  // biome-ignore lint/suspicious/noExplicitAny: whatever a channel carries
  const heard: [string, any][] = []
  for (const name of names.length > 0 ? names : Object.values(CHANNELS)) {
    const hear = (message: unknown) => heard.push([name, message])
    subscribe(name, hear)
    subscriptions.push([name, hear])
  }
  return heard
}

const apart = () => ({ loop: loopOn(BACKENDS[0]) })

describe('diagnostics', () => {
  it('publish the life of a server and its connections, in order, with the objects themselves', async () => {
    const heard = listen()
    let opened: Connection | undefined
    const service = await serve({
      ...apart(),
      plugins: [diagnostics()],
      ...echo,
      open(conn) {
        opened = conn
      },
    })
    const { server } = service
    const peer = await service.connect()
    await peer.send('x')
    await peer.expectBytes('x')
    await peer.end()
    await eventually('the close', () => server.connections === 0)
    await server.close()
    expect(heard.map(([name]) => name)).toEqual([
      'pollux.server.listening',
      'pollux.connection.open',
      'pollux.connection.close',
      'pollux.server.closing',
      'pollux.server.closed',
    ])
    expect(heard[0][1].server).toBe(server)
    expect(heard[0][1].address).toMatchObject({ host: '127.0.0.1' })
    expect(heard[1][1].connection).toBe(opened)
    const { connection, reason, error } = heard[2][1]
    // By identity: to compare whole servers takes a minute.
    expect(connection).toBe(opened)
    expect([reason, error]).toEqual(['ended', undefined])
  })

  it('publish failures, and refusals', async () => {
    const heard = listen(CHANNELS.error, CHANNELS.close, CHANNELS.refused)
    const failure = new Error('as asked')
    const service = await serve({
      ...apart(),
      plugins: [diagnostics()],
      data() {
        throw failure
      },
      error() {},
    })
    await (await service.connect()).send('x')
    await eventually('the close', () => heard.length === 2)
    expect(heard[0][1].error).toBe(failure)
    expect(heard[1][1]).toMatchObject({ reason: 'handler_error', error: failure })

    const doorman: Plugin = { name: 'doorman', accept: () => 'denied' }
    const closed = await serve({ ...apart(), plugins: [diagnostics(), doorman], ...echo })
    await closed.connect().catch(() => {})
    await eventually('the refusal', () => heard.length === 3)
    expect(heard[2][0]).toBe(CHANNELS.refused)
    expect(heard[2][1].server).toBe(closed.server)
    expect(heard[2][1].reason).toBe('denied')
  })

  it('publish messages only if they are asked to', async () => {
    const heard = listen(CHANNELS.message)
    const init = {
      codec: textLines(100),
      message: (conn: Connection<unknown, string, string>, line: string) => void conn.send(line),
    }
    const quiet = await serve({ ...apart(), plugins: [diagnostics()], ...init })
    const talkative = await serve({ ...apart(), plugins: [diagnostics({ messages: true })], ...init })
    for (const service of [quiet, talkative]) {
      const peer = await service.connect()
      await peer.send('hello\n')
      await peer.expectBytes('hello\n')
    }
    expect(heard.map(([, { message }]) => message)).toEqual(['hello'])
    expect(diagnostics()).not.toHaveProperty('message')
  })

  it('publish watermarks, pauses and overload as the hooks tell them', async () => {
    const heard = listen(CHANNELS.watermark, CHANNELS.acceptPaused, CHANNELS.acceptResumed, CHANNELS.overload)
    const plugin = diagnostics()
    const service = await serve({
      ...apart(),
      plugins: [plugin],
      highWaterMark: 1024 * 1024,
      open: (conn) => conn.write(Buffer.alloc(16 * 1024 * 1024)),
      data() {},
    })
    const peer = await service.connect()
    peer.socket.pause()
    await eventually('the crossing', () => heard.length === 1)
    peer.socket.resume()
    await eventually('the drain', () => heard.length === 2)
    expect(heard.map(([, { above }]) => above)).toEqual([true, false])
    const { server } = service
    const error = new SocketError('too many open files', { code: 'EMFILE' })
    plugin.acceptPaused?.(server, error, 100)
    plugin.acceptResumed?.(server)
    server.overloadChanged(1)
    for (const [, message] of heard.slice(2)) expect(message.server).toBe(server)
    expect(heard.slice(2).map(([name, { server: _, ...rest }]) => [name, rest])).toEqual([
      [CHANNELS.acceptPaused, { error, retryMs: 100 }],
      [CHANNELS.acceptResumed, {}],
      [CHANNELS.overload, { level: 1 }],
    ])
    server.overloadChanged(0)
  })

  it('reach who subscribes later, and no one who has left', async () => {
    const service = await serve({ ...apart(), plugins: [diagnostics()], ...echo })
    await service.connect()
    await eventually('the connection', () => service.server.connections === 1)
    const heard = listen(CHANNELS.open)
    await service.connect()
    await eventually('the second', () => service.server.connections === 2)
    expect(heard.length).toBe(1)
    unsubscribe(...subscriptions.splice(0)[0])
    await service.connect()
    await eventually('the third', () => service.server.connections === 3)
    expect(heard.length).toBe(1)
  })

  it('refuse bad options', () => {
    expect(() => diagnostics(1 as never)).toThrow(TypeError)
    expect(() => diagnostics({ messages: 1 as never })).toThrow(TypeError)
  })
})
