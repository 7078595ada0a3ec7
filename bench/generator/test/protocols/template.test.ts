import { describe, expect, it } from 'vitest'
import { commandWords } from '../../src/protocols/command-words.js'
import { parseTemplate, Stamp, Stamps } from '../../src/protocols/template.js'

const VALUES = { bytes: Buffer.from('abcdefghijklmnopqrstuvwxyz'), startOf: (key: number) => key % 10 }

describe('a template', () => {
  it('has the key with as many digits as the largest, and the value of the key', () => {
    const stamp = new Stamp(parseTemplate('SET key:{n} {size} {n}'), 1000, 4, VALUES)
    expect(stamp.fill(7).toString()).toBe('SET key:007 hijk 007')
    expect(stamp.fill(999).toString()).toBe('SET key:999 jklm 999')
    expect(stamp.fill(0).toString()).toBe('SET key:000 abcd 000')
  })

  it('leaves everything else as it is', () => {
    const stamp = new Stamp(parseTemplate('{"n": {n}, é}{x}'), 10, 4, VALUES)
    expect(stamp.fill(3).toString()).toBe('{"n": 3, é}{x}')
  })

  it('is patched in place', () => {
    const stamp = new Stamp(parseTemplate('{n}'), 100, 0, VALUES)
    expect(stamp.fill(1)).toBe(stamp.fill(2))
  })

  it('is made once for each size', () => {
    const stamps = new Stamps((size) => parseTemplate(`${size} {size}`), 1, VALUES)
    expect(stamps.of(3).fill(0).toString()).toBe('3 abc')
    expect(stamps.of(5).fill(0).toString()).toBe('5 abcde')
    expect(stamps.of(3)).toBe(stamps.of(3))
  })

  it('does not keep more sizes than a bound allows', () => {
    const values = { bytes: Buffer.alloc(20_000_000), startOf: () => 0 }
    const stamps = new Stamps(() => parseTemplate('{size}'), 1, values)
    const first = stamps.of(19_000_000)
    stamps.of(18_000_000)
    expect(stamps.of(19_000_000) === first).toBe(false)
  })
})

describe('a command line', () => {
  it.each([
    ['SET key:{n}  {size}', ['SET', 'key:{n}', '{size}']],
    [`SET 'a b' "c\\td"`, ['SET', 'a b', 'c\td']],
    [`ECHO 'it\\'s' "say \\"x\\"" ''`, ['ECHO', "it's", 'say "x"', '']],
    ['  PING ', ['PING']],
  ])('%s is split into words', (line, words) => {
    expect(commandWords(line)).toEqual(words)
  })

  it.each([
    ['', /the command is empty/],
    ['SET "a', /has a " without an end/],
    ["SET 'a'b", /has no space after a closing '/],
  ])('%s is refused', (line, message) => {
    expect(() => commandWords(line)).toThrow(message)
  })
})
