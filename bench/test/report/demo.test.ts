import { mkdirSync, writeFileSync } from 'node:fs'
import { it } from 'vitest'
import { contentOf } from '../../src/report/content.js'
import { htmlPage } from '../../src/report/html.js'
import { markdownPage } from '../../src/report/markdown.js'
import { comparison, crosscheck } from '../support/results-files.js'

it('demo', () => {
  const c = contentOf(comparison(), crosscheck())
  writeFileSync('/tmp/w7/report.html', htmlPage(c))
  const { markdown, charts } = markdownPage(c)
  mkdirSync('/tmp/w7/md/benchmarks', { recursive: true })
  writeFileSync('/tmp/w7/md/benchmarks.md', markdown)
  for (const [n, s] of charts) writeFileSync(`/tmp/w7/md/benchmarks/${n}`, s)
})
