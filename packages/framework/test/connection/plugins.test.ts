// The hooks: each is called when it should be, in order, and what it throws costs what it should.
import type { AnyConnection, Plugin } from '@pollux/framework'
import { createServer } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { uncaughtDuring } from '../support/failing.js'
import { BACKENDS, eventually, patiently } from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'
import { said, shortText } from '../support/short_text.js'

leaveNothingBehind()

function noting(log: string[], name: string): Plugin {
  return {
    name,
    install: (server) => log.push(`${name} install ${server.name}`),
    listening: () => log.push(`${name} listening`),
    accept() {
      log.push(`${name} accept`)
      return undefined
    },
    open: () => log.push(`${name} open`),
    received: (_conn, bytes) => log.push(`${name} received ${bytes}`),
    message: (_conn, message) => log.push(`${name} message ${message}`),
    error: (_conn, error) => log.push(`${name} error ${(error as Error).message}`),
    close: (_conn, reason) => log.push(`${name} close ${reason}`),
    closing: () => log.push(`${name} closing`),
    closed: () => log.push(`${name} closed`),
  }
}

describe.each(BACKENDS)('plugins on %s', (backend) => {
  it('hear of everything, in the order in which they are given', async () => {
    const log: string[] = []
    const closed = promised()
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      name: 'texts',
      plugins: [noting(log, 'a'), noting(log, 'b')],
      codec: shortText,
      open: () => log.push('open'),
      message(_conn, text) {
        log.push(text)
        throw new Error('bug')
      },
      error: () => log.push('error'),
      close() {
        log.push('close')
        closed.resolve()
      },
    })
    const peer = await service.connect()
    await peer.send(said('hi'))
    await patiently(closed.promise, 'the close')
    await service.server.close()
    const both = (what: string) => [`a ${what}`, `b ${what}`]
    expect(log).toEqual([
      ...both('install texts'),
      ...both('listening'),
      ...both('accept'),
      ...both('open'),
      'open',
      ...both('received 3'),
      ...both('message hi'),
      'hi',
      ...both('error bug'),
      'error',
      ...both('close handler_error'),
      'close',
      ...both('closing'),
      ...both('closed'),
    ])
  })

  it('hear of the end, whatever those before them throw at it', async () => {
    const log: string[] = []
    const bug = new Error('bug')
    const fails = () => {
      throw bug
    }
    const uncaught = await uncaughtDuring(async () => {
      const service = await serve({
        loop: loopOn(backend),
        plugins: [{ name: 'bad', close: fails, closed: fails }, noting(log, 'good')],
        data() {},
        close: () => log.push('close'),
      })
      const peer = await service.connect()
      await peer.end()
      await eventually('the close', () => log.includes('close'))
      await patiently(service.server.close(), 'the server to close')
    })
    expect(uncaught).toEqual([bug, bug])
    expect(log.slice(-4)).toEqual(['good close ended', 'close', 'good closing', 'good closed'])
  })

  it('refuse a connection for a reason: it sees a reset, and nobody else hears of it', async () => {
    const log: string[] = []
    const service = await serve({
      loop: loopOn(backend),
      plugins: [
        { name: 'door', accept: () => 'denied' },
        {
          name: 'note',
          accept: () => void log.push('accept'),
          refused: (_server, reason, address) =>
            log.push(`${reason} ${address && 'host' in address && address.host}`),
          close: () => log.push('close'),
        },
      ],
      open: () => log.push('open'),
      data() {},
      close: () => log.push('close'),
    })
    // The reset may come before it knows that it is connected.
    const peer = await service.connect().catch(() => undefined)
    await peer?.awaitClosedOrEnded()
    await eventually('the refusal', () => log.length === 1 && service.server.connections === 0)
    expect(log).toEqual(['denied 127.0.0.1'])
    expect([...service.server.statistics.refused]).toEqual([['denied', 1]])
    expect(service.server.statistics.opened).toBe(0)
  })

  it('keep a message from the handler by saying false', async () => {
    const texts: string[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      plugins: [{ name: 'censor', message: (_conn, text) => text !== 'bad' }],
      codec: shortText,
      message: (_conn, text) => texts.push(text),
    })
    const peer = await service.connect()
    await peer.send(said('good', 'bad', 'better'))
    await eventually('the messages', () => texts.length === 2)
    expect(texts).toEqual(['good', 'better'])
  })

  it.each(['accept', 'open', 'received', 'message'] as const)(
    'that throw in `%s` cost that connection',
    async (hook) => {
      const errors: unknown[] = []
      let broken = true
      const service = await serve<unknown, string, string>({
        loop: loopOn(backend),
        plugins: [
          {
            name: 'broken',
            [hook]() {
              if (broken) throw new Error(`bug in ${hook}`)
            },
          },
        ],
        codec: shortText,
        message: (conn, text) => conn.send(text),
        error: (_conn, error) => errors.push(error),
      })
      const unlucky = await service.connect()
      await unlucky.send(said('x')).catch(() => {})
      await unlucky.awaitClosedOrEnded()
      if (hook !== 'accept') expect(errors).toEqual([expect.objectContaining({ message: `bug in ${hook}` })])
      await eventually('the failure', () => service.server.statistics.handlerErrors === 1)
      broken = false
      const lucky = await service.connect()
      await lucky.send(said('y'))
      await lucky.expectBytes(said('y'))
      expect(service.server.statistics.handlerErrors).toBe(1)
    },
  )

  it.each(['listening', 'closing', 'closed'] as const)(
    'that throw in `%s` are uncaught exceptions',
    async (hook) => {
      const bug = new Error(`bug in ${hook}`)
      const plugin: Plugin = {
        name: 'broken',
        [hook]() {
          throw bug
        },
      }
      const uncaught = await uncaughtDuring(async () => {
        const service = await serve({ loop: loopOn(backend), plugins: [plugin], data() {} })
        await service.server.close()
      })
      expect(uncaught).toEqual([bug])
    },
  )

  it.each(['error', 'close', 'refused'] as const)(
    'that throw in `%s` keep nobody else from hearing',
    async (hook) => {
      const bug = new Error(`bug in ${hook}`)
      const heard: string[] = []
      const uncaught = await uncaughtDuring(async () => {
        const service = await serve({
          loop: loopOn(backend),
          plugins: [
            {
              name: 'broken',
              [hook]() {
                throw bug
              },
            },
            {
              name: 'behind',
              accept: () => (hook === 'refused' ? 'denied' : undefined),
              [hook]: () => heard.push('plugin'),
            },
          ],
          data() {
            throw new Error('of a handler')
          },
          error: () => hook === 'error' && heard.push('handler'),
          close: () => hook === 'close' && heard.push('handler'),
        })
        const peer = await service.connect().catch(() => undefined)
        await peer?.send('x').catch(() => {})
        await peer?.awaitClosedOrEnded()
        await eventually('all of it', () => heard.length === (hook === 'refused' ? 1 : 2))
        await eventually('the close', () => service.server.connections === 0)
      })
      expect(uncaught).toEqual([bug])
    },
  )

  it('destroy a connection for a reason of their own', async () => {
    const closed = promised<string | undefined>()
    const service = await serve({
      loop: loopOn(backend),
      plugins: [{ name: 'judge', received: (conn: AnyConnection) => conn.destroyFor('bad_manners') }],
      data() {},
      close: (conn) => closed.resolve(conn.closeReason),
    })
    const peer = await service.connect()
    await peer.send('x')
    expect(await patiently(closed.promise, 'the close')).toBe('bad_manners')
    expect([...service.server.statistics.closed]).toEqual([['bad_manners', 1]])
  })

  it('hold the opening: handlers wait for it, and lose nothing', async () => {
    const log: string[] = []
    const held: AnyConnection[] = []
    const service = await serve<unknown, string, string>({
      loop: loopOn(backend),
      plugins: [
        {
          name: 'door',
          accept(conn) {
            conn.holdOpening()
            conn.hold(32)
            held.push(conn)
            return undefined
          },
        },
      ],
      codec: shortText,
      open: () => log.push('open'),
      message: (_conn, text) => log.push(text),
      end: () => log.push('end'),
    })
    const peer = await service.connect()
    await peer.send(said('early'))
    await peer.end()
    await eventually('the connection', () => held.length === 1)
    expect(log).toEqual([])
    held[0].finishOpening()
    held[0].release(32)
    await eventually('all of it', () => log.length === 3)
    expect(log).toEqual(['open', 'early', 'end'])
  })
})

describe('a list of plugins', () => {
  it.each([
    ['that is none', {}, /"plugins"/],
    ['with something else in it', [null], /plugins/],
    ['with one that has no name', [{}], /plugins\[\].name/],
    ['with a hook that is no function', [{ name: 'x', open: 1 }], /open of the plugin x/],
  ])('%s is refused', (_what, plugins, message) => {
    expect(() => createServer({ loop: loopOn(BACKENDS[0]), plugins: plugins as never, data() {} })).toThrow(
      message,
    )
  })

  it('whose `install` throws makes no server', () => {
    const plugins: Plugin[] = [
      {
        name: 'x',
        install() {
          throw new Error('not here')
        },
      },
    ]
    expect(() => createServer({ loop: loopOn(BACKENDS[0]), plugins, data() {} })).toThrow('not here')
  })
})
