// src/rings.ts and native/reactor/rings.h are two halves of one page.
import { readFileSync } from 'node:fs'
import * as rings from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'

const header = readFileSync(new URL('../native/reactor/rings.h', import.meta.url), 'utf8')

/** `kDataBorrowed` or `data_borrowed` as DATA_BORROWED. */
const shout = (name: string) =>
  name
    .replace(/^k(?=[A-Z])/, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()

const shouted = (object: Record<string, number>) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [shout(name), value]))

function body(kind: string, name: string): string {
  const found = header.match(new RegExp(`${kind} ${name}\\b[^{]*\\{([^}]*)\\}`))
  if (!found) throw new Error(`no ${kind} ${name} in rings.h`)
  return found[1].replace(/\/\/.*$/gm, '')
}

function enumOf(name: string) {
  const entries = [...body('enum class', name).matchAll(/(\w+) = (\d+)/g)]
  return Object.fromEntries(entries.map(([, key, value]) => [shout(key), Number(value)]))
}

/** The place of each field, in words of `type`. */
function fieldsOf(name: string, type: string) {
  const fields = body('struct', name).matchAll(new RegExp(`${type} (\\w+)(?:\\[(\\d+)\\])?;`, 'g'))
  let next = 0
  const places: Record<string, number> = {}
  for (const [, field, length = 1] of fields) {
    places[shout(field)] = next
    next += Number(length)
  }
  return places
}

function listOf(name: string): number[] {
  const found = header.match(new RegExp(`constexpr double ${name}\\[\\] = \\{([^}]*)\\};`))
  if (!found) throw new Error(`no ${name} in rings.h`)
  return found[1].split(',').map(Number)
}

function constantOf(name: string): number {
  const found = header.match(new RegExp(`constexpr \\w+ ${name} = (?:1u << )?(\\d+);`))
  if (!found) throw new Error(`no ${name} in rings.h`)
  return found[0].includes('<<') ? 2 ** Number(found[1]) : Number(found[1])
}

describe('the shared page', () => {
  it('has the same events', () => {
    expect(enumOf('Event')).toEqual(rings.EventType)
    expect(Object.keys(rings.EventType).length).toBeGreaterThan(10)
  })

  it('has the same bits of readiness', () => {
    const poller = readFileSync(new URL('../native/poller/poller.h', import.meta.url), 'utf8')
    const [, bits] = poller.match(/enum Readiness[^{]*{([^}]*)}/) ?? []
    const entries = [...bits.matchAll(/k(\w+) = (\d+)/g)].map(([, name, bit]) => [shout(name), Number(bit)])
    expect(Object.fromEntries(entries)).toEqual({ NONE: 0, ...rings.Readiness })
  })

  it('has the same operations', () => {
    expect(enumOf('Op')).toEqual(rings.Op)
  })

  it('has the same names of system calls', () => {
    expect(enumOf('Syscall')).toEqual(shouted(rings.Syscall))
  })

  it('has the same control words, and room for more', () => {
    const { RESERVED, ...words } = fieldsOf('Control', 'int32_t')
    expect(words).toEqual(rings.Control)
    expect(RESERVED).toBe(Object.keys(rings.Control).length)
    expect(header).toContain(`sizeof(Control) == ${rings.CONTROL_WORDS} * sizeof(int32_t)`)
  })

  it('has the same columns', () => {
    expect(fieldsOf('TableRow', 'double')).toEqual(rings.Column)
    expect(Object.keys(rings.Column).length).toBe(rings.TABLE_COLUMNS)
  })

  it('has the same counters', () => {
    expect(fieldsOf('Counters', 'double')).toEqual(shouted(rings.Counter))
    expect(header).toContain(`sizeof(Counters) == ${rings.COUNTERS} * sizeof(double)`)
  })

  it('has the same buckets of its histograms', () => {
    expect(listOf('kTurnDurationBoundsUs')).toEqual(rings.TURN_DURATION_BOUNDS_US)
    expect(listOf('kTurnEventBounds')).toEqual(rings.TURN_EVENT_BOUNDS)
  })

  it('has the same limits', () => {
    expect(constantOf('kSlotShift')).toBe(rings.SLOT_SHIFT)
    expect(constantOf('kMaxSlots')).toBe(rings.MAX_SLOTS)
    expect(constantOf('kHandleBase')).toBe(rings.HANDLE_BASE)
    expect(header).toContain(`sizeof(Record) == ${rings.RECORD_WORDS * 4}`)
  })
})
