// Misuse from JavaScript throws where it happens, names what is wrong, and changes nothing.
import type { NativeReactor, ReactorOptions } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { noise } from './support/peer.js'
import { binding, constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, optionsOf, serveTcp } from './support/server.js'

checkFds()

const backend = BACKENDS[0]
const NOT_NUMBERS = [undefined, null, '1', {}, [], true, Symbol('one'), 1n, () => 1]
const NOT_WHOLE = [Number.NaN, 0.5, Number.POSITIVE_INFINITY, -1, 2 ** 60]

/** For each method, arguments that are right, and of which kind each is. */
const METHODS: [keyof NativeReactor, unknown[], string[]][] = [
  ['socket', [2, 1, 0], ['int', 'int', 'int']],
  ['adopt', [99_999], ['int']],
  ['bindIp', [1, '::1', 0, 0], ['handle', 'text', 'int', 'int']],
  ['bindUnix', [1, '/nowhere/x'], ['handle', 'text']],
  ['listen', [1, 5, true], ['handle', 'int', 'boolean']],
  ['connectIp', [1, '::1', 1, 0, true], ['handle', 'text', 'int', 'int', 'boolean']],
  ['connectUnix', [1, '/nowhere/x', true], ['handle', 'text', 'boolean']],
  ['open', [1, true], ['handle', 'boolean']],
  ['setOption', [1, 1, 1, 1], ['handle', 'int', 'int', 'int']],
  ['getOption', [1, 1, 1], ['handle', 'int', 'int']],
  ['setOptionBytes', [1, 1, 1, new Uint8Array(4)], ['handle', 'int', 'int', 'bytes']],
  ['getOptionBytes', [1, 1, 1, 4], ['handle', 'int', 'int', 'int']],
  ['localAddress', [1], ['handle']],
  ['remoteAddress', [1], ['handle']],
  ['fd', [1], ['handle']],
  ['watch', [1, 1], ['handle', 'int']],
  ['pollLater', [new Int32Array(0)], ['entries']],
  ['write', [1, new Uint8Array(1)], ['handle', 'bytes']],
  ['lendSlab', [new ArrayBuffer(1 << 20)], ['buffer']],
  ['lendPool', [new ArrayBuffer(1 << 16)], ['buffer']],
  ['lendTable', [new Float64Array(4096)], ['table']],
  ['ref', [1], ['handle']],
  ['unref', [1], ['handle']],
]

const WRONG: Record<string, unknown[]> = {
  int: [...NOT_NUMBERS, ...NOT_WHOLE.filter((value) => value !== -1)],
  handle: [...NOT_NUMBERS, ...NOT_WHOLE],
  text: [undefined, null, 1, {}, Symbol('text'), Buffer.from('text')],
  boolean: [undefined, null, 0, 1, 'true', {}],
  bytes: [undefined, null, 'bytes', [1, 2], {}, new ArrayBuffer(8), new DataView(new ArrayBuffer(8))],
  entries: [undefined, null, {}, [], new Int32Array(2), new Uint32Array(3), new Int32Array(3).buffer],
  buffer: [undefined, null, {}, new Uint8Array(1 << 20), new ArrayBuffer(10), detached(), 1 << 20],
  table: [undefined, null, {}, new Float64Array(4), new Float32Array(4096), new ArrayBuffer(1 << 20), []],
}

function detached() {
  const buffer = new ArrayBuffer(1 << 20)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

describe('a method of the reactor', () => {
  const cases = METHODS.flatMap(([method, right, kinds]) =>
    kinds.map((kind, position) => ({ method, right, kind, position })),
  )

  it.each(cases)(
    '$method refuses what is no $kind as argument $position',
    async ({ method, right, kind, position }) => {
      const { reactor, ...server } = serveTcp(backend, { echo: true })
      const call = reactor.native[method] as (...args: unknown[]) => unknown
      for (const wrong of WRONG[kind]) {
        const args = right.with(position, wrong)
        expect(() => call.apply(reactor.native, args), String(wrong)).toThrow(/must be|handle/)
        expect(() => call.apply(reactor.native, args)).toThrow(
          expect.toSatisfy((error) => error instanceof TypeError || error instanceof RangeError),
        )
      }
      expect(() => call.apply(reactor.native, right.slice(0, position))).toThrow(TypeError)
      expect(reactor.counter('openSockets')).toBe(1)
      expect(server.port).toBeGreaterThan(0)
    },
  )

  it.each(['pollNow', 'selectNow'] as const)('%s takes whole entries, and nothing else', (name) => {
    for (const wrong of [...WRONG.entries, new Int32Array(4)]) {
      expect(() => binding[name](wrong as Int32Array), String(wrong)).toThrow(TypeError)
    }
    const gone = new Int32Array(3)
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    expect(binding[name](gone)).toBe(0)
    expect(binding[name](new Int32Array(new SharedArrayBuffer(0)))).toBe(0)
  })

  it('selectNow refuses an fd that no set can hold', () => {
    for (const fd of [-1, constants.FD_SETSIZE, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(errorOf(binding.selectNow(Int32Array.of(fd, 7, 0)))).toBe('ERANGE')
    }
    const all = new Int32Array(3 * constants.FD_SETSIZE)
    for (let fd = 0; fd < constants.FD_SETSIZE; ++fd) all.set([fd, 0, -1], 3 * fd)
    expect(binding.selectNow(all)).toBe(0)
    expect(all.filter((_, i) => i % 3 === 2).every((ready) => ready === 0)).toBe(true)
  })

  it('refuses more bytes of an option than there can be', () => {
    const { native } = new RawReactor(backend)
    for (const size of [-1, 2 ** 20 + 1])
      expect(() => native.getOptionBytes(1, 1, 1, size)).toThrow(RangeError)
    expect(() => native.setOptionBytes(1, 1, 1, new Uint8Array(2 ** 20 + 1))).toThrow(RangeError)
    // A stale handle is the caller's bug, and no misuse.
    expect(native.getOptionBytes(1, 1, 1, 0)).toBe(-binding.errorNumber('EBADF'))
    expect(native.setOptionBytes(1, 1, 1, new Uint8Array(0))).toBe(-binding.errorNumber('EBADF'))
  })

  it('refuses a port that is none', () => {
    const { native } = new RawReactor(backend)
    expect(() => native.bindIp(1, '::1', 65_536, 0)).toThrow(RangeError)
    expect(() => native.bindIp(1, '::1', -1, 0)).toThrow(RangeError)
  })

  it('refuses another object as its reactor', () => {
    const { native } = new RawReactor(backend)
    const prototype = Object.getPrototypeOf(native)
    for (const [method, right] of METHODS) {
      for (const self of [undefined, null, {}, 1, Object.create(prototype), binding]) {
        expect(() => prototype[method].apply(self, right), `${method} of ${self}`).toThrow()
      }
    }
    expect(() => Object.create(prototype).backend).toThrow()
  })

  it('goes on after misuse in the middle of an exchange', async () => {
    const server = serveTcp(backend, { echo: true })
    const { reactor } = server
    reactor.handler = (event) => {
      expect(() => reactor.native.write(event.socket, 'text' as never)).toThrow(TypeError)
      reactor.echo(event)
    }
    const { peer } = await server.connect()
    const bytes = noise(10_000)
    await peer.send(bytes)
    await peer.expectBytes(bytes)
  })
})

describe('a new reactor', () => {
  const right = () => optionsOf(backend)

  it.each(Object.keys(right()) as (keyof ReactorOptions)[])('refuses a wrong %s', (name) => {
    const wrong = [
      undefined,
      null,
      {},
      'x',
      Number.NaN,
      -1,
      Symbol('x'),
      new Uint8Array(0),
      new ArrayBuffer(0),
      detached(),
    ]
    for (const value of wrong) {
      expect(
        () => new binding.Reactor({ ...right(), [name]: value } as never, () => {}),
        String(value),
      ).toThrow()
    }
    const options = Object.defineProperty({ ...right() }, name, {
      get() {
        throw new Error('the getter')
      },
    })
    expect(() => new binding.Reactor(options, () => {})).toThrow()
  })

  it('refuses memory that is too small', () => {
    const small: Partial<ReactorOptions>[] = [
      { control: new Int32Array(15) },
      { counters: new Float64Array(15) },
      { events: new Int32Array(3) },
      { submissions: new Int32Array(3) },
      { table: new Float64Array(3) },
      { sendSlab: new Uint8Array(0) },
      { receiveSlab: new ArrayBuffer(1023) },
      { pool: new ArrayBuffer(63) },
    ]
    for (const each of small) {
      expect(() => new binding.Reactor({ ...right(), ...each }, () => {})).toThrow(TypeError)
    }
  })

  it('refuses anything but options and a function', () => {
    for (const args of [[], [right()], [right(), {}], [undefined, () => {}], ['options', () => {}]]) {
      expect(() => new (binding.Reactor as never as new (...a: unknown[]) => unknown)(...args)).toThrow(
        TypeError,
      )
    }
    expect(() => (binding.Reactor as never as (...a: unknown[]) => unknown)(right(), () => {})).toThrow(
      TypeError,
    )
  })

  it('names a backend that it does not have', () => {
    const options = { ...right(), backend: 'kqueue' as never }
    expect(() => new binding.Reactor(options, () => {})).toThrow("backend 'kqueue': not in this build")
  })
})

describe('the binding', () => {
  it('names errors both ways', () => {
    const number = binding.errorNumber('ECONNREFUSED')
    expect(binding.errorName(number)).toBe('ECONNREFUSED')
    expect(binding.errorText(number)).toMatch(/refused/i)
    expect(binding.errorName(123_456)).toBe('UNKNOWN')
    expect(binding.errorNumber('ENONSENSE')).toBe(0)
  })

  it.each(['errorName', 'errorText', 'errorNumber'] as const)('%s refuses what it cannot name', (name) => {
    const call = binding[name] as (value?: unknown) => unknown
    for (const wrong of [undefined, null, {}, [], Symbol('x'), name === 'errorNumber' ? 1 : 'EPIPE']) {
      expect(() => call(wrong)).toThrow(TypeError)
    }
    expect(() => call()).toThrow(TypeError)
  })
})
