// Every option of the table: set by us, and read back from the kernel by another program.
import { readFileSync } from 'node:fs'
import { EventLoop, type OptionLevel, SOCKET_OPTIONS, type Socket } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { withoutCapabilities } from '../../../native-poll/test/support/capabilities.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { headerConstant, pythonConstants } from '../../../native-poll/test/support/option_reader.js'
import { binding, constants } from '../../../native-poll/test/support/raw_reactor.js'
import { ALL_CASES, CASES, permitted, type ReadBack } from './option_cases.js'

checkFds()
afterEach(() => EventLoop.default().close())

/** The socket's calls without their types, for names that come from a table. */
export interface Untyped {
  getsockopt(level: unknown, name: unknown, maxBytes?: unknown): unknown
  setsockopt(level: unknown, name: unknown, value: unknown): void
}
const untyped = (socket: Socket) => socket as unknown as Untyped

/** The struct that the option needs and this build does not have. */
function lackingStruct(level: OptionLevel, name: string): string | undefined {
  const { struct } = (SOCKET_OPTIONS[level] as Record<string, { struct?: string }>)[name]
  return struct !== undefined && !(struct in binding.optionLayouts) ? struct : undefined
}

const readable = ALL_CASES.filter(([, , option]) => 'read' in option)

describe('the table of options', () => {
  it('has a case for each option, with a read-back or a reason', () => {
    for (const [level, options] of Object.entries(SOCKET_OPTIONS)) {
      const cases = CASES[level as OptionLevel]
      expect(Object.keys(cases).sort()).toEqual(Object.keys(options).sort())
    }
    for (const [, name, option] of ALL_CASES) {
      if ('because' in option) expect(option.because, name).toMatch(/test\.ts/)
      else expect(option.read, name).toBeTypeOf('function')
    }
  })

  it('has one line for each option, which names its man page', () => {
    const files = ['socket-level', 'ip-level', 'transport-level']
    const source = files
      .map((file) => readFileSync(new URL(`../../src/options/${file}.ts`, import.meta.url), 'utf8'))
      .join('')
    const lines = [...source.matchAll(/^ {2}\/\*\* (.*) \*\/\n {2}(\w+): /gm)]
    const documented = lines.map(([, text, name]) => (/\w+\(7\)/.test(text) ? name : `${name}: ${text}`))
    expect(documented.sort()).toEqual(ALL_CASES.map(([, name]) => name).sort())
  })

  it('has the numbers of the headers, and those that Python has', () => {
    const python = pythonConstants()
    let compared = 0
    const names = new Set(
      ALL_CASES.map(([level]) => level as string).concat(ALL_CASES.map(([, name]) => name)),
    )
    for (const name of names) {
      for (const other of [headerConstant(name), python[name]]) {
        if (other === undefined) continue
        expect([name, constants[name]]).toEqual([name, other])
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(names.size)
  })
})

describe('an option of the table', () => {
  it.for(readable)('%s %s is what another program reads', ([level, name, option], { skip }) => {
    const { on, set, becomes, read, readFrom = name, needs } = option as ReadBack
    const socket = on()
    const subject = untyped(socket)
    if (lackingStruct(level, name)) {
      expect(() => subject.getsockopt(level, name)).toThrow(
        expect.objectContaining({ code: 'ENOPROTOOPT', message: expect.stringContaining(name) }),
      )
      return
    }
    // What then happens another test looks at.
    skip(!permitted(option as ReadBack), `needs ${needs}`)
    if (set !== undefined) subject.setsockopt(level, name, set)
    const seen = read(socket.fd, level, readFrom)
    expect(subject.getsockopt(level, readFrom)).toEqual(seen)
    if (set !== undefined) expect(seen).toEqual(becomes ?? set)
  })

  const flags = readable.filter(([, , option]) => typeof (option as ReadBack).set === 'boolean')

  it.for(flags)('%s %s can be turned on and off', ([level, name, option], { skip }) => {
    const { on, needs } = option as ReadBack
    skip(!permitted(option as ReadBack), `needs ${needs}`)
    const socket = on()
    for (const value of [true, false, true]) {
      untyped(socket).setsockopt(level, name, value)
      expect(untyped(socket).getsockopt(level, name)).toBe(value)
    }
  })

  const guarded = readable.filter(([, , option]) => (option as ReadBack).needs !== undefined)

  it.each(guarded)('%s %s without its capability is EPERM, which says so', (level, name, option) => {
    const { on, set, read, oncePrivileged } = option as ReadBack
    const socket = on()
    const attempt = () => withoutCapabilities(() => untyped(socket).setsockopt(level, name, set))
    try {
      attempt()
    } catch (error) {
      expect(error).toMatchObject({ code: 'EPERM', syscall: 'setsockopt' })
      expect(String(error)).toMatch(new RegExp(`setsockopt ${name}: .*CAP_NET_`))
      return
    }
    expect(oncePrivileged).toBe(true)
    expect(read(socket.fd, level, name)).toEqual(set)
  })
})
