/** `npm run bench -- report`: pages and charts from `bench/results/*.json`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { readFlags } from '../../generator/dist/command-line.js'
import { ROOT_DIR } from '../paths.js'
import type { ResultsFile } from '../results-file.js'
import { UsageError } from '../usage-error.js'
import { contentOf } from './content.js'
import { fill } from './fill.js'
import { htmlPage } from './html.js'
import { markdownPage } from './markdown.js'

const USAGE = `usage: bench report [flags]

  --check            writes nothing; exit code 1 when a page and the results differ, or has figures of no results
  --results FOLDER   in place of bench/results
  --root FOLDER      the repository whose pages are filled
`

const FLAGS = {
  check: { type: 'boolean' },
  results: { type: 'string' },
  root: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** What the report would write, and what it can't yet. */
export interface Report {
  /** By path. */
  files: Map<string, string>
  /** Charts of earlier results. */
  stale: string[]
  /** Pages with a block whose results are not there: what stands in it is of nothing. */
  unmeasured: string[]
  notes: string[]
}

/** @returns the exit code */
export async function runReport(args: string[]): Promise<number> {
  const { values, positionals } = readFlags(args, FLAGS, `\n\n${USAGE}`)
  if (positionals.length > 0) throw new UsageError(`report takes flags alone, not ${positionals[0]}`)
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const root = values.root ?? ROOT_DIR
  const report = makeReport(root, values.results ?? join(root, 'bench/results'))
  for (const note of report.notes) process.stdout.write(`${note}\n`)
  const name = (path: string) => relative(root, path)
  const differing = [...report.files].filter(([path, text]) => read(path) !== text).map(([path]) => path)
  if (values.check) {
    for (const path of differing) process.stdout.write(`${name(path)} is not what the results say\n`)
    for (const path of report.stale) process.stdout.write(`${name(path)} is of no results\n`)
    for (const path of report.unmeasured) {
      process.stdout.write(`${name(path)} has a block that is of no results\n`)
    }
    const isRight = differing.length + report.stale.length + report.unmeasured.length === 0
    process.stdout.write(isRight ? 'pages and results agree\n' : 'run: npm run bench -- report\n')
    return isRight ? 0 : 1
  }
  for (const path of differing) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, report.files.get(path) as string)
    process.stdout.write(`wrote ${name(path)}\n`)
  }
  for (const path of report.stale) rmSync(path)
  return 0
}

/**
 * Everything that follows from the results.
 *
 * @param root the repository, whose README.md and docs are filled
 * @throws Error where a page asks for what the results do not have
 */
export function makeReport(root: string, resultsFolder: string): Report {
  const results = readResults(resultsFolder)
  const files = new Map<string, string>()
  const stale: string[] = []
  const notes: string[] = []

  const comparison = results.get('comparison')
  if (comparison === undefined) {
    notes.push(
      'skipped: comparison (no results: npm run bench -- --save): docs/benchmarks.md and report.html',
    )
  } else {
    const content = contentOf(comparison, results.get('crosscheck'))
    const { markdown, charts } = markdownPage(content)
    const folder = join(root, 'docs/benchmarks')
    files.set(join(root, 'docs/benchmarks.md'), markdown)
    for (const [name, svg] of charts) files.set(join(folder, name), svg)
    files.set(join(resultsFolder, 'report.html'), htmlPage(content))
    stale.push(...svgsIn(folder).filter((path) => !files.has(path)))
  }

  const missing = new Map<string, string[]>()
  const unmeasured: string[] = []
  for (const path of pagesOf(root)) {
    const filled = fillPage(path, results, join(root, 'docs/benchmarks.md'))
    if (filled.missing.length > 0) unmeasured.push(path)
    if (filled.text !== undefined) files.set(path, filled.text)
    for (const name of filled.missing) {
      const pages = missing.get(name) ?? []
      missing.set(name, [...new Set([...pages, relative(root, path)])])
    }
  }
  for (const [name, pages] of missing) {
    const command = name === 'comparison' ? '--save' : `${name} --save`
    notes.push(`skipped: ${name} (no results: npm run bench -- ${command}), in ${pages.join(', ')}`)
  }
  return { files, stale, unmeasured, notes }
}

function fillPage(
  path: string,
  results: ReadonlyMap<string, ResultsFile>,
  benchmarks: string,
): { text?: string; missing: string[] } {
  const before = read(path) as string
  if (!before.includes('<!-- results:')) return { missing: [] }
  try {
    return fill(before, results, relative(dirname(path), benchmarks))
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

function readResults(folder: string): Map<string, ResultsFile> {
  if (!existsSync(folder)) return new Map()
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return new Map(
    names.map((name) => [
      basename(name, '.json'),
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as ResultsFile,
    ]),
  )
}

/** README.md and everything in docs, but for the page that is made whole. */
function pagesOf(root: string): string[] {
  const docs = join(root, 'docs')
  const inDocs = existsSync(docs)
    ? readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
    : []
  return [
    ...['README.md', 'bench/README.md', 'bench/generator/README.md']
      .map((name) => join(root, name))
      .filter((path) => existsSync(path)),
    ...inDocs.sort().map((name) => join(docs, name)),
  ].filter((path) => path !== join(docs, 'benchmarks.md'))
}

function svgsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.svg'))
    .map((name) => join(folder, name))
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
