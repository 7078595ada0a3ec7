// Network interfaces by name and number, as another program has them.
import { if_indextoname, if_nametoindex } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { constants } from '../../../native-poll/test/support/raw_reactor.js'
import { askPython } from '../support/oracle.js'

checkFds()

/** Every machine has one at least: the loopback interface. */
const INTERFACES = askPython<[index: number, name: string][]>('answer(socket.if_nameindex())', null)
const NO_SUCH = expect.objectContaining({
  name: 'SocketError',
  code: expect.stringMatching(/^ENXIO$|^ENODEV$/),
})

describe('an interface', () => {
  it.each(INTERFACES)('has the index %i and the name %s', (index, name) => {
    expect(if_nametoindex(name)).toBe(index)
    expect(if_indextoname(index)).toBe(name)
  })

  it('that is none is an error that names it', () => {
    expect(() => if_nametoindex('no-such-one')).toThrow(NO_SUCH)
    expect(() => if_nametoindex('no-such-one')).toThrow(
      expect.objectContaining({
        syscall: 'if_nametoindex',
        message: expect.stringMatching(/; no interface of this machine has that name$/),
        address: 'no-such-one',
        errno: expect.any(Number),
      }),
    )
    for (const index of [0, 2 ** 31 - 1, 2 ** 32 - 1]) {
      expect(() => if_indextoname(index)).toThrow(
        expect.objectContaining({ code: 'ENXIO', syscall: 'if_indextoname' }),
      )
    }
  })

  it.each([
    '',
    'a'.repeat(constants.IF_NAMESIZE - 1),
    'a'.repeat(constants.IF_NAMESIZE),
    'a'.repeat(255),
    'lo ',
    'é',
  ])('is not called %j', (name) => expect(() => if_nametoindex(name)).toThrow(NO_SUCH))

  it('is not called what no name can be', () => {
    const untyped = if_nametoindex as (name: unknown) => number
    const [[, name]] = INTERFACES
    for (const value of [`${name}\0`, `${name}\0x`, 'a'.repeat(256)]) {
      expect(() => untyped(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    }
    for (const value of [undefined, null, 1, {}]) {
      expect(() => untyped(value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    }
  })

  it('has an index that is a whole number', () => {
    for (const value of [-1, 0.5, 2 ** 32, Number.NaN])
      expect(() => if_indextoname(value)).toThrow(RangeError)
    for (const value of ['1', 1n, null, undefined]) {
      expect(() => (if_indextoname as (index: unknown) => string)(value)).toThrow(TypeError)
    }
  })
})
