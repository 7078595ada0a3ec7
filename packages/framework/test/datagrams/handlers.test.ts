// Handlers of a datagram server that throw, wait or are slow.
import { describe, expect, it } from 'vitest'
import { uncaughtDuring, warningsDuring } from '../support/failing.js'
import { eventually, iteration } from '../support/raw.js'
import { promised } from '../support/serving.js'
import { leaveNothingBehind, serve, settled, text, udpPeer } from './support/serving.js'

leaveNothingBehind()

describe('a handler of a datagram server', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
    [
      'is rejected',
      async () => {
        throw new Error('bug')
      },
    ],
  ])('that %s costs its own datagram', async (_how, fail) => {
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (socket, word) => (word === 'bad' ? fail() : socket.reply(word)),
      error: (_socket, error) => errors.push((error as Error).message),
    })
    const peer = await udpPeer()
    for (const word of ['one', 'bad', 'two', 'bad', 'three']) await peer.send(word, port)
    expect((await peer.awaitCount(3)).map(String)).toEqual(['one', 'two', 'three'])
    await eventually('two errors', () => errors.length === 2)
    expect(errors).toEqual(['bug', 'bug'])
    expect(server.statistics.handlerErrors).toBe(2)
  })

  it('is warned of once, where there is no `error`', async () => {
    const warnings = await warningsDuring(async () => {
      const { port, server } = await serve({
        message() {
          throw new Error('bug')
        },
      })
      const peer = await udpPeer()
      for (const word of ['one', 'two', 'three']) await peer.send(word, port)
      await eventually('three errors', () => server.statistics.handlerErrors === 3)
    })
    expect(warnings).toEqual(['POLLUX_HANDLER_ERROR'])
  })

  it.each(['error', 'close', 'listening'] as const)(
    '`%s` that throws is an uncaughtException',
    async (name) => {
      const bug = new Error('bug')
      const caught = await uncaughtDuring(async () => {
        const { port, server } = await serve({
          codec: text,
          message: (socket, word) => socket.reply(word),
          [name]: () => {
            throw bug
          },
        })
        const peer = await udpPeer()
        await peer.send('\0', port)
        await peer.send('good', port)
        await peer.awaitCount(1)
        await server.close()
      })
      expect(caught).toEqual([bug])
    },
  )

  it('can not reply after its first await, but send', async () => {
    const answer = promised<unknown>()
    const { port } = await serve({
      codec: text,
      async message(socket, word) {
        const to = socket.copySender()
        await iteration()
        try {
          socket.reply('too late')
        } catch (error) {
          answer.resolve(error)
        }
        socket.sendTo(word, to)
      },
    })
    const peer = await udpPeer()
    await peer.send('word', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['word'])
    expect(await answer.promise).toMatchObject({ code: 'ERR_POLLUX_NO_DATAGRAM' })
  })

  it('that is slow stops the server at maxPending promises and lets it go on below', async () => {
    const unsettled: (() => void)[] = []
    let calls = 0
    const { port, server } = await serve({
      codec: text,
      maxPending: 2,
      message() {
        calls++
        return new Promise<void>((resolve) => unsettled.push(resolve))
      },
    })
    const peer = await udpPeer()
    for (let i = 0; i < 2; i++) {
      await peer.send('x', port)
      await eventually('a call', () => calls === i + 1)
    }
    await peer.send('waits in the kernel', port)
    await settled()
    expect(calls).toBe(2)
    unsettled.pop()?.()
    await eventually('the third', () => calls === 3)
    // What the user paused stays paused.
    server.sockets[0].pause()
    for (const settle of unsettled) settle()
    await peer.send('after pause', port)
    await settled()
    expect(calls).toBe(3)
    server.sockets[0].resume()
    await eventually('the fourth', () => calls === 4)
    for (const settle of unsettled) settle()
  })
})
