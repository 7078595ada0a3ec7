// What a person, a spreadsheet, HdrHistogram's plotter and a terminal get.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Options } from '../../src/options.js'
import { resultCsv } from '../../src/output/csv.js'
import { resultHgrm } from '../../src/output/hgrm.js'
import { Progress } from '../../src/output/progress.js'
import { resultTable } from '../../src/output/table.js'
import { checkOutputs, writeOutputs } from '../../src/output/write.js'
import { result } from '../support/results.js'

const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NOWHERE = { json: undefined, csv: undefined, hgrm: undefined, html: undefined, quiet: true }
const output = (more: Partial<Options['output']>): Options['output'] => ({ ...NOWHERE, ...more })

describe('the table', () => {
  it('has rates, CPU time and latencies under their heads', () => {
    expect(resultTable(result())).toBe(`tcp 127.0.0.1:7000: 50 connections × 1 in flight, 64 B
closed loop: each reply is followed by the next request, so latencies leave out what a waiting user would have seen

                                   median    lowest   highest
replies a second                    200 k     100 k     300 k
bytes a second                   12.2 MiB  6.10 MiB  18.3 MiB
generator's CPU for a reply, µs      2.50      1.67      5.00
server's CPU for a reply, µs         2.00      1.33      4.00

latency     p50     p75     p90     p99    p99.9   p99.99  p99.999      max
         150 µs  175 µs  190 µs  199 µs  5.00 ms  5.00 ms  5.00 ms  40.0 ms

server's CPU, user · system  0.50 · 1.50 µs

! the rounds <differ>
`)
  })

  it('says how often each kind of error came, and what the verdict notes', () => {
    const text = resultTable(result({ errors: { ECONNRESET: 1234, 'wrong answer': 1 } }))
    expect(text).toMatch(/^ {2}ECONNRESET +1,234$/m)
    expect(text).toMatch(/^ {2}wrong answer +1$/m)
    expect(text).toContain('! the rounds <differ>')
  })

  it('says of an open loop that latencies are corrected, and not what waiting for the next request cost', () => {
    const text = resultTable(result({ loop: { kind: 'open', rate: 5000 } }))
    expect(text).toContain('open loop, 5000 requests a second: latencies are from when each was due')
    expect(text).not.toContain("generator's CPU")
    expect(text).toContain("server's CPU for a reply")
  })

  it('has memory in place of rounds for idle connections', () => {
    const memory = { anonymous: 0, shared: 0 }
    const idle = { connections: 18_000, before: memory, after: memory, bytesPerConnection: 502 }
    const text = resultTable(result({ mode: 'idle', rounds: [], timeline: [], idle }))
    expect(text).toMatch(/memory for each +502 B/)
    expect(text).not.toContain('p99')
  })
})

describe('--csv', () => {
  it('has a line for each round under the names of its columns', () => {
    const [head, ...lines] = resultCsv(result()).trimEnd().split('\r\n')
    const columns = head?.split(',') as string[]
    expect(lines).toHaveLength(3)
    const second = lines[1]?.split(',') as string[]
    expect(second).toHaveLength(columns.length)
    expect(second[columns.indexOf('messages_per_second')]).toBe('100000')
    expect(second[columns.indexOf('server_cpu_seconds')]).toBe('0.4')
  })

  it('quotes what has a comma or a quote in it', () => {
    expect(resultCsv(result({ target: 'a,"b"' }))).toContain('1,"a,""b""",tcp')
  })
})

describe('--hgrm', () => {
  it("is HdrHistogram's text: four columns from least to most, and its footer", () => {
    const lines = resultHgrm(result()).trimEnd().split('\n')
    expect(lines[0]?.trim().split(/\s+/)).toEqual(['Value', 'Percentile', 'TotalCount', '1/(1-Percentile)'])
    const rows = lines.slice(2, -3).map((line) => line.trim().split(/\s+/).map(Number))
    expect(rows.length).toBeGreaterThan(20)
    for (const [index, row] of rows.entries()) {
      expect(row).toHaveLength(index === rows.length - 1 ? 3 : 4)
      if (index > 0) expect(row[1]).toBeGreaterThanOrEqual(rows[index - 1]?.[1] as number)
    }
    // In milliseconds.
    expect(rows.at(-1)?.slice(0, 3)).toEqual([expect.closeTo(40, 0), 1, 100_001])
    expect(lines.at(-2)).toMatch(/^#\[Max {5}= +4\d\.\d+, Total count {4}= +100001\]$/)
  })
})

describe('the progress line', () => {
  const moment = { seconds: 1.5, length: 0.5, messages: 100_000, p50Us: 171, p99Us: 310, maxUs: 1200 }

  function drawn(screen: { isTTY: boolean; columns?: number }): string[] {
    const texts: string[] = []
    const progress = new Progress({ ...screen, write: (text: string) => texts.push(text) })
    progress.show(moment, { done: 3, of: 10 })
    progress.end()
    return texts
  }

  it('is drawn over itself, and gone at the end', () => {
    expect(drawn({ isTTY: true, columns: 100 })).toEqual([
      '\r\x1b[K██████░░░░░░░░░░░░░░ 1.5 of 5.0 s  200 k/s  p50 171 µs  p99 310 µs  max 1.20 ms',
      '\r\x1b[K',
    ])
  })

  it('never wraps', () => {
    expect(drawn({ isTTY: true, columns: 40 })[0]).toHaveLength('\r\x1b[K'.length + 39)
  })

  it('is not there where nobody looks', () => {
    expect(drawn({ isTTY: false })).toEqual([])
  })
})

describe('where it goes', () => {
  it('is the table on the standard output, and each file that was asked for', async () => {
    const files = { json: 'r.json', csv: 'r.csv', hgrm: 'r.hgrm', html: 'r.html' }
    const paths = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(folder, file)]))
    let printed = ''
    checkOutputs(output(paths))
    await writeOutputs(result(), output(paths), (text) => {
      printed += text
    })
    expect(printed).toBe(resultTable(result()))
    expect(JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'))).toEqual(result())
    for (const path of Object.values(paths)) expect(existsSync(path)).toBe(true)
  })

  it('is what was asked for by -, in place of the table', async () => {
    let printed = ''
    await writeOutputs(result(), output({ csv: '-' }), (text) => {
      printed += text
    })
    expect(printed).toBe(resultCsv(result()))
  })

  it('is refused before the run where it can not be', () => {
    expect(() => checkOutputs(output({ csv: '-', json: '-' }))).toThrow(
      'only one of them can have the standard output',
    )
    expect(() => checkOutputs(output({ html: join(folder, 'none/r.html') }))).toThrow('there is no folder')
    expect(() => checkOutputs(output({ html: folder }))).toThrow('is a folder: name a file in it')
  })
})
