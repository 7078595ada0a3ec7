// The table of all socket calls is complete: each row has its page, its tests and its exports, and nothing that
// core exports, and no page, is without a row.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { SOCKET_OPTIONS } from '../src/options/table.js'
import { linksIn, PAGES, pageNames, readPage, TABLE, tableRows } from './support/pages.js'

const TESTS = fileURLToPath(new URL('.', import.meta.url))

/** What core exports for event loops, channels and the framework: no socket calls, so that the table has no rows of it. */
const OF_THE_LOOP = [
  'Channel',
  'ChannelSocket',
  'DatagramChannel',
  'DatagramError',
  'EventLoop',
  'UnderlyingSocket',
  'bufferView',
  'checkBoolean',
  'checkHost',
  'checkInteger',
  'checkObject',
  'checkPath',
  'checkPort',
  'checkSignal',
  'checkWaitOptions',
  'invalidArgType',
  'invalidArgValue',
  'onAbort',
  'optionCallsOf',
  'outOfRange',
  'publicAddress',
  'raiseUncaught',
  'resolveEndpoint',
  'setSocketOption',
  'syscallName',
]

const rows = tableRows()
const named = new Set(rows.flatMap((row) => row.exports))

/** 'poll' or 'Socket.recv' or 'Socket[Symbol.dispose]' in two: what core exports, and its member. */
function partsOf(name: string): [exported: string, member?: PropertyKey] {
  const [exported, member] = name.split(/[.[](.*)/)
  const symbol = member?.match(/^Symbol\.(\w+)\]$/)
  return [exported, symbol ? Symbol[symbol[1] as 'iterator'] : member]
}

/** Whether core has it; a member may be of the class, or of its instances. */
function isExported(name: string): boolean {
  const [exported, member] = partsOf(name)
  const value: unknown = (core as Record<string, unknown>)[exported]
  if (member === undefined) return value !== undefined
  return typeof value === 'function' && (member in value || member in value.prototype)
}

/** The methods of a class, inherited and static ones included. */
function methodsOf(itself: { prototype: object }): PropertyKey[] {
  const objects: object[] = [itself]
  for (let each = itself.prototype; each !== Object.prototype; each = Object.getPrototypeOf(each))
    objects.push(each)
  return objects.flatMap((object) =>
    Reflect.ownKeys(object).filter((key) => {
      const { value } = Object.getOwnPropertyDescriptor(object, key)!
      return typeof value === 'function' && key !== 'constructor'
    }),
  )
}

const rowName = (row: (typeof rows)[number]) => row.posix.join(', ') || row.exports.join(', ')

describe('the table of socket calls', () => {
  it('can be read', () => {
    expect(rows.length).toBeGreaterThan(30)
  })

  describe.each(rows.map((row) => [rowName(row), row] as const))('%s', (_, row) => {
    it('is exported', () => {
      expect(row.exports.length).toBeGreaterThan(0)
      expect(row.exports.filter((name) => !isExported(name))).toEqual([])
    })

    it('has a page, which speaks of it by its name', () => {
      expect(row.pages.length).toBeGreaterThan(0)
      expect(row.pages.filter((page) => !existsSync(PAGES + page))).toEqual([])
      const text = row.pages.map(readPage).join('\n')
      expect(row.posix.filter((name) => !text.includes(name))).toEqual([])
    })

    it('has tests', () => {
      expect(row.tests.length).toBeGreaterThan(0)
      const files = row.tests.map((test) => join(TESTS, `${test}.test.ts`))
      expect(files.filter((file) => !existsSync(file))).toEqual([])
      // One that exists may be of something else: each call is made in one of them.
      const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
      const words = row.exports.map(
        (name) => name.match(/\w+$/)?.[0] ?? (name.includes('Iterator') ? 'await' : 'using'),
      )
      expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(text))).toEqual([])
    })
  })

  it('names every page', () => {
    const pages = new Set(rows.flatMap((row) => row.pages))
    expect(pageNames().filter((name) => name !== TABLE && !pages.has(name))).toEqual([])
  })

  it('names every function and class that core exports, but for those of the event loop', () => {
    const calls = Object.entries(core).filter(([, value]) => typeof value === 'function')
    const exported = calls.map(([name]) => name)
    const rowed = [...OF_THE_LOOP, ...[...named].map((name) => partsOf(name)[0])]
    expect(exported.filter((name) => !rowed.includes(name))).toEqual([])
  })

  it('knows no exception that is gone', () => {
    expect(OF_THE_LOOP.filter((name) => !(name in core))).toEqual([])
  })

  it('names every method of Socket', () => {
    const rowed = [...named].map(partsOf).filter(([exported]) => exported === 'Socket')
    const methods = methodsOf(core.Socket)
    expect(methods).toContain('recv')
    expect(methods.filter((key) => !rowed.some(([, member]) => member === key))).toEqual([])
  })
})

describe('the page of options', () => {
  it.each(Object.entries(SOCKET_OPTIONS))(
    'has a table of all options of %s, and of no others',
    (level, options) => {
      const [, section = ''] = readPage('setsockopt.md').split(`\n### ${level}\n`)
      const table = section.split('\n#')[0]
      const shown = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
      expect(shown.sort()).toEqual(Object.keys(options).sort())
    },
  )
})

describe('the pages of socket calls', () => {
  const pages = pageNames()

  it.each(pages)('%s links to what is there', (name) => {
    expect(linksIn(readPage(name)).filter((target) => !existsSync(join(PAGES, target)))).toEqual([])
  })

  it.each(pages)('%s begins with its title, one sentence, and says where to read on', (name) => {
    const text = readPage(name)
    expect(text).toMatch(/^# .+\n\n[A-Z][^#]*?\./)
    if (name !== TABLE) expect(text).toMatch(/^## See also$/m)
  })

  it('are each part of the reading order, or of the table', () => {
    const linked = new Set(linksIn(readPage(TABLE)))
    expect(pages.filter((name) => name !== TABLE && !linked.has(name))).toEqual([])
  })
})
