// What a datagram server makes of datagrams, and of answers.
import type { DatagramCodec } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { warningsDuring } from '../support/failing.js'
import { eventually, patiently } from '../support/raw.js'
import { promised } from '../support/serving.js'
import { leaveNothingBehind, serve, text, udpPeer } from './support/serving.js'

leaveNothingBehind()

describe('messages of a datagram server', () => {
  it('without a codec are bytes to keep', async () => {
    const kept: Buffer[] = []
    const { port } = await serve({ message: (_socket, data) => kept.push(data) })
    const peer = await udpPeer()
    for (const word of ['one', '', 'three']) await peer.send(word, port)
    await eventually('three', () => kept.length === 3)
    await peer.send('something else', port)
    await eventually('four', () => kept.length === 4)
    expect(kept.map(String)).toEqual(['one', '', 'three', 'something else'])
  })

  it('with borrow are views, which an answer may change in place', async () => {
    const { port } = await serve({
      borrow: true,
      message(socket, data) {
        data[0] ^= 0x20
        socket.reply()
      },
    })
    const peer = await udpPeer()
    await peer.send('hello', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['Hello'])
  })

  it('are ignored where the codec gives nothing, and an error where it can not', async () => {
    const got: string[] = []
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (_socket, word) => got.push(word),
      error: (socket, error) => errors.push([(error as { code: string }).code, socket.sender]),
    })
    const peer = await udpPeer()
    for (const word of ['', '\0 bad', 'good']) await peer.send(word, port)
    await eventually('the good one', () => got.length === 1)
    const sender = { family: 'IPv4', host: '127.0.0.1', port: peer.port }
    expect(errors).toEqual([['ERR_POLLUX_MALFORMED_FRAME', sender]])
    expect(server.statistics).toMatchObject({ messagesReceived: 1, codecErrors: 1, handlerErrors: 0 })
  })

  it('that are none are only counted without `error`, for anybody may send them', async () => {
    const got = promised<string>()
    const warnings = await warningsDuring(async () => {
      const { port, server } = await serve({ codec: text, message: (_socket, word) => got.resolve(word) })
      const peer = await udpPeer()
      await peer.send('\0', port)
      await peer.send('good', port)
      await patiently(got.promise, 'the good one')
      expect(server.statistics.codecErrors).toBe(1)
    })
    expect(warnings).toEqual([])
  })

  it('are not sent where the codec refuses them, and the next is', async () => {
    const errors: unknown[] = []
    const { port, server } = await serve({
      codec: text,
      message: (socket, word) => socket.reply(word === 'number' ? (1 as never) : word),
      error: (_socket, error) => errors.push((error as Error).message),
    })
    const peer = await udpPeer()
    await peer.send('number', port)
    await peer.send('word', port)
    expect((await peer.awaitCount(1)).map(String)).toEqual(['word'])
    expect(errors).toEqual(['a message must be a string'])
    expect(server.statistics).toMatchObject({ messagesSent: 1, handlerErrors: 1 })
  })

  it('may be sent from within a codec, each whole', async () => {
    const nested: DatagramCodec<string> = {
      ...text,
      encode(message, output) {
        output.text(message)
        if (message === 'outer') server.sockets[0].sendTo('inner', { host: '127.0.0.1', port: peer.port })
        output.text('!')
      },
    }
    const { server, port } = await serve({ codec: nested, message: (socket, word) => socket.reply(word) })
    const peer = await udpPeer()
    await peer.send('outer', port)
    expect((await peer.awaitCount(2)).map(String)).toEqual(['inner!', 'outer!'])
  })

  it('of more than a datagram holds are refused', async () => {
    const { server } = await serve({ codec: text, message() {} })
    const to = { host: '127.0.0.1', port: 9 }
    expect(() => server.sockets[0].sendTo('x'.repeat(65_536), to)).toThrow(RangeError)
    expect(server.statistics.messagesSent).toBe(0)
  })
})
