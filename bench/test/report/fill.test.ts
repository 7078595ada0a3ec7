import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PROFILES } from '../../src/profile/profiles.js'
import { fill } from '../../src/report/fill.js'
import type { FilePeer, FileWorkload, ResultsFile } from '../../src/results-file.js'
import { SUITES } from '../../src/suites.js'
import { comparison } from '../support/results-files.js'

const PEERS: FilePeer[] = [
  { name: 'c-epoll', label: 'C, epoll', version: '' },
  { name: 'pollux-borrowed', label: 'Pollux, borrowed', version: '' },
  { name: 'node-net', label: 'node:net', version: '' },
]

const VALUES: Record<string, number> = { 'c-epoll': 300_000, 'pollux-borrowed': 270_000, 'node-net': 135_000 }

function workload(name: string, label: string, unit: FileWorkload['unit'] = 'messages/s'): FileWorkload {
  return { name, label, unit, connections: 50, size: 64, depth: 1 }
}

const WORKLOADS = [workload('64Bx50', '64 B × 50'), workload('idle', 'memory', 'bytes')]

const ECHO: ResultsFile = {
  ...comparison({
    workloads: WORKLOADS,
    peers: PEERS,
    rounds: 3,
    value: ({ unit }, { name }) => (unit === 'bytes' ? 100 : VALUES[name]),
  }),
  name: 'echo',
  command: ['echo', '--save'],
}

const RESULTS = new Map([['echo', ECHO]])

const page = (what: string, inside = 'as it was\n') =>
  `before\n<!-- results: ${what} -->\n${inside}<!-- end -->\nafter\n`

describe('a page', () => {
  it('gets the table of its results, and what is around stays', () => {
    const { text, missing } = fill(page('echo 64Bx50'), RESULTS)
    expect(missing).toEqual([])
    expect(text).toMatch(/^before\n<!-- results: echo 64Bx50 -->\n\| a second/)
    expect(text).toContain(
      '| 64 B × 50 | 300 k | 270 k, 0.90 (0.90–0.90) | 135 k, 0.45 (0.45–0.45) | 2.00 (2.00–2.00) | 3.',
    )
    expect(text).toContain(
      'Where Pollux is behind:\n\n- 64 B × 50: Pollux, borrowed, 0.90 (0.90–0.90) of C, epoll\n',
    )
    expect(text).not.toContain('| memory |')
    expect(text).toMatch(/\n<!-- end -->\nafter\n$/)
  })

  it('gets all workloads where it names none', () => {
    expect(fill(page('echo'), RESULTS).text).toContain('| memory | 100 B | 100 B, 1.00')
  })

  it('says once how it was measured', () => {
    const { text } = fill(page('echo 64Bx50') + page('echo idle'), RESULTS)
    expect(text.match(/Medians of 3 rounds/g)).toHaveLength(1)
    expect(text).toMatch(/Medians of 3 rounds[\s\S]*<!-- results: echo idle -->/)
  })

  it('gets what a message costs the generators', () => {
    const [first] = ECHO.trials
    const tools = ['pollux-bench', 'wrk'].map((tool) => ({
      ...{ round: 1, order: 0, startedAt: '', loadBound: false, disturbed: false },
      ...{ workload: '64Bx50', peer: 'c-epoll', tool },
      ...(tool === 'wrk'
        ? { raw: { loadCpuSeconds: 2, messages: 1e6 } }
        : { result: { ...first?.result, rounds: [{ clientCpuSeconds: 1, messages: 1e6 }] } as never }),
    }))
    const results = new Map([['crosscheck', { ...ECHO, name: 'crosscheck', trials: tools }]])
    expect(fill(page('crosscheck generators'), results).text).toContain(
      '| 64 B × 50 | C, epoll | wrk | 2.00 | 1.00 | 0.50 |',
    )
  })

  it('takes commas between names', () => {
    expect(fill(page('echo 64Bx50, idle'), RESULTS).text).toContain('| memory |')
  })

  it('is the same when it is filled again', () => {
    const { text } = fill(page('echo'), RESULTS)
    expect(fill(text, RESULTS).text).toBe(text)
  })

  it('may have several blocks, and keeps those whose results are not there', () => {
    const { text, missing } = fill(page('udp') + page('echo'), RESULTS)
    expect(missing).toEqual(['udp'])
    expect(text).toContain(page('udp'))
    expect(text).toContain('| 64 B × 50 |')
  })

  it('may not ask for a workload that was not measured', () => {
    expect(() => fill(page('echo 64Bx51'), RESULTS)).toThrow(
      'results: echo has no 64Bx51; there are 64Bx50, idle',
    )
  })

  it('keeps a block whose rows are newer than the results', () => {
    const { text, missing } = fill(page('echo 64Bx50x16'), RESULTS)
    expect(missing).toEqual(['echo'])
    expect(text).toBe(page('echo 64Bx50x16'))
  })

  it('gets a summary of the comparison, and a link to its page', () => {
    const results = new Map([['comparison', comparison({ rounds: 6 })]])
    const { text } = fill(page('comparison summary') + page('comparison link'), results, '../benchmarks.md')
    expect(text).toMatch(/\*\*Against the best of all others in each of 29 workloads, Pollux is ahead in \d+/)
    expect(text).toContain('[benchmarks.md](../benchmarks.md) begins with where it loses')
    expect(text).toContain('with charts: [benchmarks.md](../benchmarks.md).')
  })

  it('may not forget the end of a block', () => {
    expect(() => fill('<!-- results: echo -->\ntext\n', RESULTS)).toThrow('with `<!-- end -->` behind it')
    expect(() => fill(`<!-- results: echo -->\n${page('echo')}`, RESULTS)).toThrow(
      'with `<!-- end -->` behind it',
    )
  })
})

describe('the blocks of this repository', () => {
  const docs = new URL('../../../docs/', import.meta.url)
  const pages = [
    new URL('../../../README.md', import.meta.url),
    new URL('../../generator/README.md', import.meta.url),
    ...readdirSync(docs, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => new URL(name, docs)),
  ]

  it('ask for suites and rows that there are', () => {
    const results = new Map(
      SUITES.map((suite) => {
        const peers = suite.peers().map(({ name, label }) => ({ name, label, version: '' }))
        return [
          suite.name,
          { ...comparison({ workloads: suite.shapes, peers, rounds: 2, value: () => 1 }), name: suite.name },
        ]
      }),
    )
      .set('comparison', comparison({ rounds: 2 }))
      .set('crosscheck', { ...comparison({ rounds: 2 }), name: 'crosscheck' })
      .set('profile', {
        ...comparison({ workloads: PROFILES.map(({ workload }) => workload), rounds: 2 }),
        name: 'profile',
      })
    const filled = pages.map((url) => fill(readFileSync(url, 'utf8'), results))
    expect(filled.flatMap(({ missing }) => missing)).toEqual([])
    const blocks = filled.flatMap(({ text }) => text.match(/<!-- results:[\s\S]*?<!-- end -->/g) ?? [])
    expect(blocks.length).toBeGreaterThan(7)
    for (const block of blocks) expect(block).not.toMatch(/NaN|undefined/)
  })
})
