// The report as a whole: its pages, its charts, its check.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, launchChromium } from '../../../packages/native-poll/test/support/chromium.js'
import { needs } from '../../../packages/native-poll/test/support/needs.js'
import { open } from '../../generator/test/support/page.js'
import { WORKLOADS } from '../../src/comparison/workloads.js'
import { makeReport } from '../../src/report/command.js'
import { contentOf } from '../../src/report/content.js'
import { crosscheckRows } from '../../src/report/crosscheck.js'
import { htmlPage } from '../../src/report/html.js'
import { markdownPage } from '../../src/report/markdown.js'
import type { ResultsFile } from '../../src/results-file.js'
import { comparison, crosscheck } from '../support/results-files.js'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const RESULTS = join(REPOSITORY, 'bench/results')

const SMALL = comparison({ rounds: 2 })
const CONTENT = contentOf(SMALL, crosscheck())
const { markdown, charts } = markdownPage(CONTENT)

describe('the pages of this repository', () => {
  it('say what its results say', () => {
    const { files, stale, unmeasured } = makeReport(REPOSITORY, RESULTS)
    const differing = [...files].filter(
      ([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
    )
    expect(differing.map(([path]) => path)).toEqual([])
    expect(stale).toEqual([])
    // Once all has been measured, of which this takes longest, nothing may stand there that no results give.
    if (existsSync(join(RESULTS, 'knobs.json'))) expect(unmeasured).toEqual([])
  })
})

describe('the command', () => {
  const root = mkdtempSync(join(tmpdir(), 'pollux-report-'))
  const page =
    '# x\n\n<!-- results: comparison echo-64Bx50 -->\nold\n<!-- end -->\n\n<!-- results: udp -->\nold\n<!-- end -->\n'

  beforeAll(() => {
    mkdirSync(join(root, 'bench/results'), { recursive: true })
    mkdirSync(join(root, 'docs/benchmarks'), { recursive: true })
    writeFileSync(
      join(root, 'bench/results/comparison.json'),
      JSON.stringify(comparison({ rounds: 2, workloads: WORKLOADS.slice(0, 2) })),
    )
    writeFileSync(join(root, 'docs/benchmarks/bars-of-old.svg'), '')
    writeFileSync(join(root, 'README.md'), page)
  })
  afterAll(() => rmSync(root, { recursive: true }))

  const report = (...flags: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, 'report', '--root', root, ...flags],
      {
        encoding: 'utf8',
      },
    )
    return { code: status, stdout, stderr }
  }

  it('finds what differs, writes it, and finds nothing more', () => {
    const before = report('--check')
    expect(before.code).toBe(1)
    expect(before.stdout).toContain('README.md is not what the results say')
    expect(before.stdout).toContain('docs/benchmarks/bars-of-old.svg is of no results')
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toBe(page)

    const written = report()
    expect(written.code).toBe(0)
    expect(written.stdout).toContain('skipped: udp (no results: npm run bench -- udp --save), in README.md')
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('| 64 B × 50 |')
    expect(existsSync(join(root, 'bench/results/report.html'))).toBe(true)
    expect(readdirSync(join(root, 'docs/benchmarks'))).toContain('bars-echo-64Bx50.svg')
    expect(readdirSync(join(root, 'docs/benchmarks'))).not.toContain('bars-of-old.svg')

    const after = report('--check')
    expect(after.stdout).not.toContain('is not what the results say')
    expect(after.stdout).toContain('README.md has a block that is of no results')
    expect(after.code).toBe(1)

    // The same of other servers will do.
    const echo = readFileSync(join(root, 'bench/results/comparison.json'), 'utf8')
    writeFileSync(join(root, 'bench/results/udp.json'), echo.replace('"name":"comparison"', '"name":"udp"'))
    report()
    expect(report('--check')).toMatchObject({ code: 0, stdout: 'pages and results agree\n' })
  })

  it('refuses flags that it does not know, in few words', () => {
    const { code, stderr } = report('--fast')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^bench: there is no --fast/)
    expect(stderr).not.toContain('    at ')
  })

  it('finds a figure that somebody changed by hand', () => {
    const path = join(root, 'docs/benchmarks.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/\d\.\d\d/, '9.99'))
    expect(report('--check')).toMatchObject({ code: 1 })
  })
})

describe('docs/benchmarks.md', () => {
  it('says where Pollux loses, before everything else', () => {
    expect(markdown.match(/^## .*/gm)?.slice(0, 2)).toEqual([
      '## Where Pollux loses',
      '## Pollux by the best of the others',
    ])
    expect(markdown).toMatch(/\| 64 B × 1 \| Pollux, borrowed \| C, (epoll|io_uring): [\d.]+ /)
  })

  it('shows every chart that it has', () => {
    const shown = [...markdown.matchAll(/\]\(benchmarks\/([\w-]+\.svg)\)/g)].map(([, name]) => name)
    expect(shown.sort()).toEqual([...charts.keys()].sort())
    expect(shown).toEqual(
      expect.arrayContaining(['cost-throughput.svg', 'cost-p99.svg', 'cost-cpu.svg', 'cost-memory.svg']),
    )
    expect(shown).toContain('percentiles-echo-64Bx50.svg')
  })

  it('shows where other tools agree and where they do not', () => {
    expect(markdown).toMatch(
      /\| 64 B × 50 \| C, epoll \| load \(C\) \| [\d.]+ k \| [\d.]+ k \| 1\.01 \(.*\) \| .* \| agree within noise \|/,
    )
    expect(markdown).toMatch(/\| wrk \| [\d.]+ k \| [\d.]+ k \| 0\.80 .*\| differ ▼ \|/)
    expect(markdown).toContain('1 of 2 agree, in 0 the slower tool had no time left, 1 differ.')
  })

  it('blames the slower tool where it had no time left', () => {
    const file = crosscheck()
    const busy = { loadBusy: 0.99 }
    const trials = file.trials.map((trial) =>
      trial.tool === 'wrk' ? { ...trial, result: undefined, raw: busy } : trial,
    )
    const text = crosscheckRows({ ...file, trials } as ResultsFile).join('\n')
    expect(text).toMatch(/wrk,.*the slower tool had no time left/)
  })

  it('names who was left out, with how to get it, and the environment', () => {
    expect(markdown).toContain('| uwebsockets | uWebSockets.js is only on GitHub: npm install')
    expect(markdown).toContain('| sysctls | net.core.somaxconn: 4096 |')
    expect(markdown).toContain('| mitigations | meltdown: Not affected |')
  })
})

describe('a chart', () => {
  it('is well-formed, and the same text when it is drawn again', () => {
    const again = markdownPage(contentOf(SMALL, crosscheck())).charts
    for (const [name, svg] of charts) {
      expect(again.get(name), name).toBe(svg)
      expect(svg.match(/<svg/g)).toHaveLength(1)
      expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    }
  })

  it('has a bar for each peer, the best on top, and Pollux in its colour', () => {
    const svg = charts.get('bars-echo-64Bx50.svg') as string
    expect(svg.match(/<path[^>]*fill="var\(--accent\)"/g)).toHaveLength(3)
    expect(svg.match(/<path[^>]*fill="var\(--bar\)"/g)).toHaveLength(7)
  })
})

describe('report.html, in chromium', () => {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (CHROMIUM !== undefined) browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  it.each([
    { width: 1100, scheme: 'light' },
    { width: 360, scheme: 'dark' },
  ] as const)(
    'asks for nothing, complains of nothing and fits into $width',
    needs(CHROMIUM, 'chromium'),
    async ({ width, scheme }) => {
      const { page, complaints, requests } = await open(browser as Browser, htmlPage(CONTENT), {
        width,
        scheme,
      })
      expect({ complaints, requests }).toEqual({ complaints: [], requests: [] })
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      expect(await page.evaluate(overflow)).toBe(0)
      expect(await page.locator('.card svg').count()).toBe(
        SMALL.workloads.filter(({ family }) => family !== 'cost').length,
      )
      await page.close()
    },
  )
})
