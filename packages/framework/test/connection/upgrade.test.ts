// Another codec in mid-stream: not a byte is lost, and the right handler gets each.
import type { Codec, Connection } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, iteration } from '../support/raw.js'
import { leaveNothingBehind, loopOn, serve } from '../support/serving.js'
import { said, shortText } from '../support/short_text.js'

leaveNothingBehind()

/** Three bytes each. */
const triples: Codec<Buffer> = {
  maxFrameBytes: 3,
  decode(input) {
    if (input.length < 3) return undefined
    input.start += 3
    return input.take(input.start - 3, input.start)
  },
  encode: (message, output) => output.bytes(message),
}

describe.each(BACKENDS)('an upgrade on %s', (backend) => {
  it.each([1, 2, 5, 100])(
    'in a message handler is in force from the next byte on, %i bytes at a time',
    async (size) => {
      const log: string[] = []
      const service = await serve<unknown, string, string>({
        loop: loopOn(backend),
        codec: shortText,
        message(conn, text) {
          log.push(text)
          if (text !== 'up') return
          conn.upgrade(triples, {
            message(raised, triple) {
              log.push(`<${triple}>`)
              raised.send(triple)
              if (triple.equals(Buffer.from('ddd')))
                raised.upgrade(shortText, { message: (_c, t) => log.push(t) })
            },
          })
        },
      })
      const peer = await service.connect()
      const bytes = Buffer.concat([said('a', 'up'), Buffer.from('bbbcccddd'), said('back')])
      for (let at = 0; at < bytes.length; at += size) {
        await peer.send(bytes.subarray(at, at + size))
        await iteration()
      }
      await eventually('all of it', () => log.at(-1) === 'back')
      expect(log).toEqual(['a', 'up', '<bbb>', '<ccc>', '<ddd>', 'back'])
      await peer.expectBytes('bbbcccddd')
    },
  )

  it('outside of a handler gets the half frame that the codec of before was waiting on', async () => {
    const log: string[] = []
    const conns: Connection<unknown, string, string>[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      open: (conn) => conns.push(conn),
      message: (_conn, text) => log.push(text),
    })
    const peer = await service.connect()
    await peer.send(Buffer.from([200, 201, 202, 203]))
    await eventually('the half frame', () => conns[0]?.bytesRead === 4)
    conns[0].upgrade(triples, { message: (_conn, triple) => log.push(triple.toString('hex')) })
    await eventually('the triple', () => log.length === 1)
    await peer.send(Buffer.from([204, 205]))
    await eventually('the other', () => log.length === 2)
    expect(log).toEqual(['c8c9ca', 'cbcccd'])
  })

  it('in the midst of an async handler waits for it', async () => {
    const log: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      async message(conn, text) {
        log.push(text)
        conn.upgrade(triples, { message: (_conn, triple) => log.push(`<${triple}>`) })
        await iteration()
        log.push('done')
      },
    })
    const peer = await service.connect()
    await peer.send(Buffer.concat([said('up'), Buffer.from('bbb')]))
    await eventually('the triple', () => log.length === 3)
    expect(log).toEqual(['up', 'done', '<bbb>'])
  })

  it('keeps the handlers that it does not replace, with their `this`', async () => {
    const log: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      name: 'mine',
      message(conn) {
        conn.upgrade(triples, {
          message() {
            throw new Error('raised')
          },
        })
      },
      error(this: { name: string }, _conn: unknown, error: unknown) {
        log.push(`${this.name}: ${(error as Error).message}`)
      },
    })
    const peer = await service.connect()
    await peer.send(Buffer.concat([said('up'), Buffer.from('bbb')]))
    await peer.awaitClosedOrEnded()
    await eventually('the error', () => log.length === 1)
    expect(log).toEqual(['mine: raised'])
  })

  it('of a closed connection throws', async () => {
    const conns: Connection<unknown, string, string>[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      codec: shortText,
      open(conn) {
        conns.push(conn)
        conn.destroy()
      },
      message() {},
    })
    const peer = await service.connect()
    await peer.awaitClosedOrEnded()
    expect(() => conns[0].upgrade(triples)).toThrow(/closed connection/)
  })
})
