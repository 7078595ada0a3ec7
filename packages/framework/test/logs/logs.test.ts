// What the logs say, read as the JSON lines that they are.
import { type Plugin, type ServerInit, SocketError } from '@pollux/framework'
import { type LogsOptions, logs } from '@pollux/framework/logs'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { textLines } from '../support/lines.js'
import { BACKENDS, eventually } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()

interface Line {
  level: number
  msg: string
  server: string
  [field: string]: unknown
}

const { debug, info, warn, error } = pino.levels.values

/** Lines as they are written. */
class Log {
  readonly text: string[] = []

  write(line: string) {
    this.text.push(line)
  }

  get lines(): Line[] {
    return this.text.map((line) => JSON.parse(line))
  }

  of(message: string): Line[] {
    return this.lines.filter(({ msg }) => msg === message)
  }

  async awaitLine(message: string, nth = 1): Promise<Line> {
    await eventually(`"${message}" in ${this.text}`, () => this.of(message).length >= nth)
    return this.of(message)[nth - 1]
  }
}

/** A server whose log is at hand. */
async function logged<In, Out>(init: ServerInit<unknown, In, Out>, options: LogsOptions = {}) {
  const log = new Log()
  const plugin = logs({ destination: log, ...options })
  const plugins = [plugin, ...(init.plugins ?? [])]
  const service = await serve({ name: 'echo', loop: loopOn(BACKENDS[0]), ...init, plugins })
  return { log, service, plugin }
}

const throwing: ServerInit = {
  data() {
    throw new RangeError('a handler that fails')
  },
  error() {},
}

describe('logs', () => {
  it('say when a server listens and closes, at info, with its name and totals', async () => {
    const { log, service } = await logged(echo)
    const { port } = service
    const peer = await service.connect()
    await peer.end()
    await peer.awaitEnd()
    await service.server.close()
    expect(log.lines.map(({ level, msg, server }) => [level, msg, server])).toEqual([
      [info, 'listening', 'echo'],
      [info, 'closing', 'echo'],
      [info, 'closed', 'echo'],
    ])
    expect(log.of('listening')[0].address).toBe(`tcp://127.0.0.1:${port}`)
    expect(log.of('closed')[0]).toMatchObject({ opened: 1, refused: {}, closed: { ended: 1 } })
  })

  it('say what a handler threw, at error, with where, and by which connection', async () => {
    const { log, service } = await logged(throwing)
    const peer = await service.connect()
    const { localPort } = peer.socket
    await peer.send('x')
    const line = await log.awaitLine('connection failed')
    expect(line).toMatchObject({
      level: error,
      reason: 'handler_error',
      peer: `tcp://127.0.0.1:${localPort}`,
      bytesRead: 1,
      err: { type: 'RangeError', message: 'a handler that fails' },
    })
    const { stack } = line.err as { stack: string }
    expect(stack).toMatch(/^at .*logs\.test\.ts/)
    expect(stack).not.toContain('a handler that fails')
    expect(typeof line.connection).toBe('number')
  })

  it('say the rejection of an async handler as they say a throw', async () => {
    const { log, service } = await logged({
      data: async () => {
        throw new Error('later')
      },
      error() {},
    })
    await (await service.connect()).send('x')
    expect(await log.awaitLine('connection failed')).toMatchObject({
      level: error,
      err: { message: 'later' },
    })
  })

  it.each([
    ['a string', 'just text', { type: 'string', message: 'just text' }],
    ['nothing', undefined, null],
    ['null', null, { type: 'null', message: 'null' }],
    ['what has no text', Object.create(null), { type: 'object', message: '[object Object]' }],
    ['an error with a code', Object.assign(new Error('x'), { code: 'E_X' }), { type: 'Error', code: 'E_X' }],
  ])('bear a handler that throws %s', async (_name, thrown, expected) => {
    const { log, service } = await logged(
      {
        data() {
          throw thrown
        },
        error() {},
      },
      { level: 'debug' },
    )
    await (await service.connect()).send('x')
    const line = await log.awaitLine('connection failed')
    expect(line.level).toBe(error)
    if (expected === null) expect(line).not.toHaveProperty('err')
    else expect(line.err).toMatchObject(expected)
  })

  it('say that a codec failed, at info, with its code and without a byte of what was sent', async () => {
    const { log, service } = await logged({ codec: textLines(32), message() {}, error() {} })
    const peer = await service.connect()
    await peer.send('SECRET'.repeat(20))
    const line = await log.awaitLine('connection failed')
    expect(line).toMatchObject({
      level: info,
      reason: 'codec_error',
      err: { type: 'CodecError', code: 'ERR_POLLUX_FRAME_TOO_LONG' },
    })
    expect(line.err).not.toHaveProperty('stack')
    expect(log.text.join('')).not.toContain('SECRET')
  })

  it('keep causes, properties and (if asked to) messages of errors out, which may quote a peer', async () => {
    const { log, service } = await logged(
      {
        data(_conn, chunk) {
          throw Object.assign(new SyntaxError(`bad: ${chunk}`, { cause: new Error(`${chunk}`) }), { chunk })
        },
        error() {},
      },
      { errorText: false },
    )
    await (await service.connect()).send('SECRET')
    const line = await log.awaitLine('connection failed')
    expect(line.err).toMatchObject({ type: 'SyntaxError', message: '' })
    expect((line.err as { stack: string }).stack).toMatch(/^at /)
    expect(log.text.join('')).not.toContain('SECRET')
  })

  it('leave resets of peers to debug', async () => {
    const quiet = await logged(echo)
    await (await quiet.service.connect()).reset()
    await eventually('the close', () => quiet.service.server.statistics.closed.size === 1)
    expect(quiet.log.of('connection failed')).toEqual([])

    const talkative = await logged(echo, { level: 'debug' })
    const peer = await talkative.service.connect()
    await peer.send('x')
    await peer.expectBytes('x')
    await peer.reset()
    expect(await talkative.log.awaitLine('connection failed')).toMatchObject({
      level: debug,
      reason: 'peer_reset',
      err: { code: 'ECONNRESET' },
    })
  })

  it('say at debug that connections open and close', async () => {
    const { log, service } = await logged(echo, { level: 'debug' })
    const peer = await service.connect()
    const opened = await log.awaitLine('connection opened')
    expect(opened.peer).toBe(`tcp://127.0.0.1:${peer.socket.localPort}`)
    await peer.end()
    const closed = await log.awaitLine('connection closed')
    expect(closed).toMatchObject({ reason: 'ended', bytesRead: 0, connection: opened.connection })
  })

  it('follow a level that is changed while the server runs', async () => {
    const log = new Log()
    const logger = pino({ level: 'info' }, log)
    // A child takes its level when it is made, so the change is to reach the child.
    const children: { level: string }[] = []
    const watched = Object.create(logger, {
      child: {
        value: (...args: Parameters<typeof logger.child>) => {
          const child = logger.child(...args)
          children.push(child)
          return child
        },
      },
    })
    const service = await serve({ loop: loopOn(BACKENDS[0]), plugins: [logs({ logger: watched })], ...echo })
    children[0].level = 'debug'
    await service.connect()
    await log.awaitLine('connection opened')
  })

  it('sample: the first few of a kind one by one, then how many more there were', async () => {
    const { log, service } = await logged(throwing, { sampling: { perInterval: 3, intervalMs: 1_000_000 } })
    for (let i = 0; i < 10; i++) {
      const peer = await service.connect()
      await peer.send('x')
      await peer.awaitClosedOrEnded()
    }
    await eventually('all to be closed', () => service.server.connections === 0)
    expect(log.of('connection failed').length).toBe(3)
    expect(log.of('more connections failed')).toEqual([])
    // What was left out is said at the close at the latest.
    await service.server.close()
    expect(log.of('more connections failed')).toMatchObject([
      { level: error, reason: 'handler_error', suppressed: 7 },
    ])
  })

  it('sum up at the end of each interval by themselves, and begin anew', async () => {
    const { log, service } = await logged(throwing, { sampling: { perInterval: 1, intervalMs: 20 } })
    let failed = 0
    const fail = async () => {
      const peer = await service.connect()
      await peer.send('x')
      await peer.awaitClosedOrEnded()
      failed++
    }
    while (log.of('more connections failed').length === 0) await Promise.all([fail(), fail(), fail()])
    while (log.of('connection failed').length < 2) await fail()
    await eventually('the close', () => service.server.connections === 0)
    await service.server.close()
    const said = log.of('connection failed').length
    const summed = log
      .of('more connections failed')
      .reduce((sum, { suppressed }) => sum + (suppressed as number), 0)
    expect(said + summed).toBe(failed)
  })

  it('say refusals at warn, sampled by reason', async () => {
    const doorman: Plugin = { name: 'doorman', accept: () => 'not_allowed' }
    const { log, service } = await logged({ plugins: [doorman], ...echo }, { sampling: { perInterval: 1 } })
    for (let i = 0; i < 3; i++) {
      // The reset may come before the peer knows that it is connected.
      await service.connect().catch(() => {})
      await eventually('the refusal', () => service.server.statistics.refused.get('not_allowed') === i + 1)
    }
    await service.server.close()
    expect(log.of('connection refused')).toMatchObject([{ level: warn, reason: 'not_allowed' }])
    expect(log.of('more connections refused')).toMatchObject([
      { level: warn, reason: 'not_allowed', suppressed: 2 },
    ])
  })

  it('say pauses of accepting and overload at warn, and their ends at info', async () => {
    const { log, service, plugin } = await logged(echo)
    const { server } = service
    const failure = new SocketError('too many open files', { code: 'EMFILE', syscall: 'accept' })
    plugin.acceptPaused?.(server, failure, 100)
    plugin.acceptResumed?.(server)
    for (const level of [1, 2, 3, 0] as const) plugin.overload?.(server, level)
    expect(log.lines.slice(1).map(({ level, overload }) => [level, overload])).toEqual([
      [warn, undefined],
      [info, undefined],
      [warn, 1],
      [warn, 2],
      [warn, 3],
      [info, 0],
    ])
    expect(log.of('accepting no connections for a while')[0]).toMatchObject({
      retryMs: 100,
      err: { code: 'EMFILE', syscall: 'accept', message: 'too many open files' },
    })
  })

  it('name no peer where that is not wanted', async () => {
    const { log, service } = await logged(throwing, { addresses: false, level: 'debug' })
    const peer = await service.connect()
    await peer.send('x')
    await log.awaitLine('connection failed')
    for (const line of log.lines) expect(line).not.toHaveProperty('peer')
  })

  it('have a child for each server that one plugin is given to', async () => {
    const log = new Log()
    const plugins = [logs({ logger: pino({ base: undefined }, log) })]
    for (const name of ['first', 'second']) await serve({ name, plugins, loop: loopOn(BACKENDS[0]), ...echo })
    expect(log.of('listening').map(({ server }) => server)).toEqual(['first', 'second'])
  })

  it.each([
    [{ logger: {} }, TypeError],
    [{ logger: null }, TypeError],
    [{ level: 'loud' }, TypeError],
    [{ sampling: { perInterval: -1 } }, RangeError],
    [{ sampling: { intervalMs: 0 } }, RangeError],
    [{ addresses: 1 }, TypeError],
    [{ errorText: 'no' }, TypeError],
    [1, TypeError],
  ])('refuse %o', (options, kind) => {
    expect(() => logs(options as never)).toThrow(kind)
  })
})
