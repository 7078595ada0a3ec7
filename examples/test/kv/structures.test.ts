// What the store is built of, against what Node.js has for it, by the same random steps.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDecimal, parseDecimal } from '../../src/kv/decimal.js'
import { matchesGlob } from '../../src/kv/glob.js'
import { Keyspace } from '../../src/kv/keyspace.js'
import { List } from '../../src/kv/list.js'
import { MemberSet } from '../../src/kv/member-set.js'
import { Request } from '../../src/kv/request.js'

function requestOf(key: string): Request {
  const request = new Request()
  const bytes = Buffer.from(`..${key}..`, 'latin1')
  request.add(0, key.length)
  request.place(bytes, 2)
  return request
}

const key = fc.oneof(
  fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom('', 'a', 'ab', 'abc', 'abcd', 'abcde', 'the first sixteen', 'the first sixteen bytes'),
)

describe('the key space', () => {
  it('does as a Map, by bytes and by text', () => {
    const step = fc.record({ key, add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const keys = new Keyspace()
        const model = new Set<string>()
        for (const { key, add } of steps) {
          const entry = keys.findArgument(requestOf(key), 0)
          expect(entry?.key).toBe(model.has(key) ? key : undefined)
          expect(keys.find(key)).toBe(entry)
          if (add && entry === undefined) {
            keys.add(key, 'value')
            model.add(key)
          } else if (!add && entry !== undefined) {
            keys.delete(entry)
            model.delete(key)
          }
          expect(keys.size).toBe(model.size)
        }
        expect([...keys].map((entry) => entry.key).sort()).toEqual([...model].sort())
      }),
      { numRuns: 100 },
    )
  })

  it.each([
    ['grows', 100, 4000],
    ['shrinks', 4000, 100],
  ])('shows a scan every key that stays, while it %s', (_, before, after) => {
    const keys = new Keyspace()
    const name = (i: number) => `key ${i}`
    for (let i = 0; i < before; i++) keys.add(name(i), '')
    const seen = new Set<string>()
    let cursor = 0
    let steps = 0
    do {
      cursor = keys.scan(cursor, (entry) => seen.add(entry.key))
      if (++steps !== 20) continue
      for (let i = before; i < after; i++) keys.add(name(i), '')
      for (let i = after; i < before; i++) keys.delete(keys.find(name(i))!)
    } while (cursor !== 0)
    for (let i = 0; i < Math.min(before, after); i++) expect(seen).toContain(name(i))
  })
})

describe('a list', () => {
  it('does as an array', () => {
    const step = fc.constantFrom('push', 'unshift', 'pop', 'shift', 'set', 'replace')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const list = new List()
        const model: string[] = []
        steps.forEach((step, i) => {
          if (step === 'push' || step === 'unshift') {
            list[step](`${i}`)
            model[step](`${i}`)
          } else if (step === 'replace') {
            list.replace(model.reverse())
          } else if (model.length > 0) {
            if (step === 'set') {
              list.set(model.length >> 1, `${i}`)
              model[model.length >> 1] = `${i}`
            } else {
              expect(list[step as 'pop' | 'shift']()).toBe(model[step as 'pop' | 'shift']())
            }
          }
        })
        expect(list.slice(0, list.length)).toEqual(model)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a set', () => {
  it('does as a Set', () => {
    const step = fc.record({ member: fc.nat({ max: 20 }).map(String), add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const set = new MemberSet()
        const model = new Set<string>()
        for (const { member, add } of steps) {
          expect(add ? set.add(member) : set.delete(member)).toBe(model.has(member) !== add)
          if (add) model.add(member)
          else model.delete(member)
          expect(set.has(member)).toBe(add)
          if (model.size > 0) expect(model).toContain(set.random())
        }
        expect([...set].sort()).toEqual([...model].sort())
      }),
      { numRuns: 200 },
    )
  })
})

describe('patterns', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'heeeello', true],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h\\*llo', 'h*llo', true],
    ['h\\*llo', 'hello', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b', false],
    ['[abc', 'a', true],
  ])('%j matches %j: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches)
  })

  it('of many stars take no time that hurts', () => {
    expect(matchesGlob(`${'a*'.repeat(30)}b`, 'a'.repeat(3000))).toBe(false)
  })
})

describe('decimal numbers', () => {
  it.each([
    ['0.1', '0.2', '0.3'],
    ['10.50', '0.1', '10.6'],
    ['5.0e3', '200', '5200'],
    ['-1.5', '1.5', '0'],
    ['-3', '.5', '-2.5'],
    ['1e-18', '0', '0'],
  ])('%s and %s is %s', (a, b, sum) => {
    expect(formatDecimal(parseDecimal(a)! + parseDecimal(b)!)).toBe(sum)
  })

  it.each(['', '.', 'e5', 'nan', 'inf', '1e', '1 ', '0x10', '1e9999'])('%j is none', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })
})
