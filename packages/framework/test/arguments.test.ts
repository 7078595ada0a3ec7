// Each bad argument is a TypeError or RangeError that names it, thrown before anything happens.
import { connect, createServer, EventLoop, type EventLoopOptions } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from './support/raw.js'
import { leaveNothingBehind, loopOn, serverOf } from './support/serving.js'

leaveNothingBehind()

const TYPE = { code: 'ERR_INVALID_ARG_TYPE' }
const VALUE = { code: 'ERR_INVALID_ARG_VALUE' }
const RANGE = { code: 'ERR_OUT_OF_RANGE' }

type Bad = [name: string, value: unknown, error: { code: string }]

/** What no option takes that is a number, or true and false, or a function. */
const notANumber = (name: string): Bad[] => ['1', true, {}, null].map((value) => [name, value, TYPE])
const notAWhole = (name: string): Bad[] => [1.5, Number.NaN, -1, 2 ** 53].map((value) => [name, value, RANGE])
const notABoolean = (name: string): Bad[] => ['true', 0, null, {}].map((value) => [name, value, TYPE])
const notAFunction = (name: string): Bad[] => ['x', 1, {}, true].map((value) => [name, value, TYPE])
/** null stands for the default, as undefined does. */
const withDefault = (bad: Bad[]): Bad[] => bad.filter(([, value]) => value !== null)

const HANDLERS = ['open', 'data', 'drain', 'end', 'timeout', 'error', 'close', 'state']
const CONNECTION: Bad[] = [
  ...HANDLERS.flatMap(notAFunction),
  ...withDefault(['borrow', 'allowHalfOpen', 'noDelay'].flatMap(notABoolean)),
  ...withDefault(['highWaterMark', 'lowWaterMark', 'maxQueuedBytes', 'idleTimeoutMs'].flatMap(notANumber)),
  ...['highWaterMark', 'lowWaterMark', 'maxQueuedBytes', 'idleTimeoutMs'].flatMap(notAWhole),
  ['loop', {}, TYPE],
]
const LOOP_NUMBERS: (keyof EventLoopOptions)[] = [
  'slabBytes',
  'poolBytes',
  'maxReadBytes',
  'copyMaxBytes',
  'sendSlabBytes',
  'eventCapacity',
  'submissionCapacity',
  'initialSlots',
  'acceptBudget',
  'maxRounds',
  'maxTurnUs',
  'busyPollUs',
]
const PORT: Bad[] = [
  ['port', '80', TYPE],
  ['port', undefined, TYPE],
  ['port', -1, RANGE],
  ['port', 65536, RANGE],
  ['port', 1.5, RANGE],
]
const HOST: Bad[] = [
  ['host', 1, TYPE],
  ['host', '', VALUE],
  ['host', 'a\0b', VALUE],
]
const PATH: Bad[] = [
  ['path', 1, TYPE],
  ['path', '', VALUE],
  ['path', '\0', VALUE],
  ['path', 'a\0b', VALUE],
]
const LISTEN: Bad[] = [
  ...PORT,
  ...HOST,
  ...PATH,
  ['fd', '3', TYPE],
  ['fd', -1, RANGE],
  ['fd', 1.5, RANGE],
  ['backlog', '1', TYPE],
  ['backlog', -1, RANGE],
  ['ipv6Only', 1, TYPE],
  ['reusePort', 'yes', TYPE],
  ['sendBufferBytes', '1', TYPE],
  ['receiveBufferBytes', -1, RANGE],
]
const CONNECT: Bad[] = [
  ...PORT,
  ['port', 0, RANGE],
  ...HOST,
  ...PATH,
  ['connectTimeoutMs', '1', TYPE],
  ['connectTimeoutMs', -1, RANGE],
  ['sendBufferBytes', -1, RANGE],
  ['receiveBufferBytes', '1', TYPE],
]

/** The caught error has the code, and its message names the argument. */
function expectNamed(error: unknown, name: string, { code }: { code: string }) {
  expect(error).toBeInstanceOf(code === RANGE.code ? RangeError : TypeError)
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`["'.]${name}["']|\\b${name}\\b`)),
  })
}

const caught = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return error
  }
  return expect.fail('nothing was thrown')
}

describe('createServer', () => {
  it.each(CONNECTION)('refuses %s: %o', (name, value, error) => {
    expectNamed(
      caught(() => createServer({ data() {}, [name]: value } as never)),
      name,
      error,
    )
  })

  it.each([undefined, null, 1, 'x'])('refuses %o for handlers', (handlers) => {
    expectNamed(
      caught(() => createServer(handlers as never)),
      'handlers',
      TYPE,
    )
  })

  it('refuses handlers without data', () => {
    expectNamed(
      caught(() => createServer({} as never)),
      'data',
      TYPE,
    )
  })
})

describe('an EventLoop', () => {
  const numbers = LOOP_NUMBERS.flatMap((name) => [...notANumber(name), ...notAWhole(name)])
  it.each([...numbers])('refuses %s: %o', (name, value, error) => {
    expectNamed(
      caught(() => new EventLoop({ [name]: value } as never)),
      name,
      error,
    )
  })

  it.each(['kqueue', 'iocp', 'EPOLL', 1, null, {}].filter((value) => value !== null))(
    'refuses the backend %o',
    (backend) => {
      const error = caught(() => new EventLoop({ backend } as never)) as Error
      expectNamed(error, 'backend', VALUE)
      for (const name of BACKENDS) expect(error.message).toContain(name)
    },
  )

  it('refuses the backend of POLLUX_BACKEND by that name', () => {
    const before = process.env.POLLUX_BACKEND
    try {
      process.env.POLLUX_BACKEND = 'kqueue'
      expectNamed(
        caught(() => new EventLoop()),
        'POLLUX_BACKEND',
        VALUE,
      )
      process.env.POLLUX_BACKEND = BACKENDS.at(-1)
      const loop = new EventLoop()
      expect(loop.backend).toBe(BACKENDS.at(-1))
      loop.close()
      // The option has the last word.
      expect(loopOn(BACKENDS[0]).backend).toBe(BACKENDS[0])
      process.env.POLLUX_BACKEND = ''
      const preset = new EventLoop()
      expect(preset.backend).toBe(BACKENDS[0])
      preset.close()
    } finally {
      if (before === undefined) delete process.env.POLLUX_BACKEND
      else process.env.POLLUX_BACKEND = before
    }
  })
})

describe.each(BACKENDS)('on %s', (backend) => {
  it.each(LISTEN)('listen refuses %s: %o', async (name, value, wanted) => {
    const server = serverOf({ loop: loopOn(backend), data() {} })
    const base = ['fd', 'path'].includes(name) ? {} : { host: '::1', port: 0 }
    const error = await server.listen({ ...base, [name]: value } as never).catch((error: unknown) => error)
    expectNamed(error, name, wanted)
    expect(server.addresses).toEqual([])
  })

  it.each(CONNECT)('connect refuses %s: %o', async (name, value, wanted) => {
    const base = name === 'path' ? {} : { host: '127.0.0.1', port: 1 }
    const target = { ...base, [name]: value } as never
    const error = await connect(target, { loop: loopOn(backend), data() {} }).catch((error: unknown) => error)
    expectNamed(error, name, wanted)
  })

  it.each([undefined, null, 80])('both refuse %o for a target', async (target) => {
    const loop = loopOn(backend)
    const server = serverOf({ loop, data() {} })
    expectNamed(await server.listen(target as never).catch((error: unknown) => error), 'target', TYPE)
    expectNamed(
      await connect(target as never, { loop, data() {} }).catch((error: unknown) => error),
      'target',
      TYPE,
    )
  })
})
