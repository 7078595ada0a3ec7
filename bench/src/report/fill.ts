/** Pages whose tables are filled from results: whatever stands between `<!-- results: NAME … -->` and `<!-- end -->`. */
import { profileTable } from '../profile/table.js'
import type { ResultsFile } from '../results-file.js'
import { SUITES } from '../suites.js'
import { leadOf } from './content.js'
import { findAll } from './findings.js'
import { generatorTable } from './generators.js'
import { suiteTable } from './suite-table.js'
import { headline } from './words.js'

const BLOCK = /(<!-- results: *([\w-]+)((?:[ ,]+[\w-]+)*) *-->\n)([\s\S]*?)(<!-- end -->)/g

export interface Filled {
  text: string
  /** Results that a block wants and that are not there, wholly or some of their workloads: it stays as it is. */
  missing: string[]
}

/**
 * Fills the blocks of a page. Behind the name of the results, a block may name the workloads that it wants. Of the
 * comparison it may also want a `summary`, or a `link` to the page of it; of the cross-checks `generators`, what a message
 * costs those.
 *
 * @param results by name
 * @param benchmarks the page of the comparison, as this page links to it
 * @throws Error for a block without its end, and for a workload that the results do not have
 */
export function fill(
  text: string,
  results: ReadonlyMap<string, ResultsFile>,
  benchmarks = 'docs/benchmarks.md',
): Filled {
  const missing: string[] = []
  const begins = text.match(/<!-- results:/g)?.length ?? 0
  const blocks = text.match(BLOCK) ?? []
  if (begins !== blocks.length || blocks.some((block) => block.lastIndexOf('<!-- results:') > 0)) {
    throw new Error(
      'a block is `<!-- results: NAME WORKLOAD … -->` on a line of its own, with `<!-- end -->` behind it',
    )
  }
  const told = new Set<string>()
  const filled = text.replace(
    BLOCK,
    (block, begin: string, name: string, rest: string, _: string, end: string) => {
      const file = results.get(name)
      const words = rest.split(/[ ,]+/).filter((word) => word !== '')
      if (file === undefined || !hasAll(file, words)) {
        missing.push(name)
        return block
      }
      // What holds for all tables of a run stands under the first.
      const isFirst = !told.has(name)
      told.add(name)
      return `${begin}${blockText(file, words, benchmarks, isFirst)}\n${end}`
    },
  )
  return { text: filled, missing }
}

/** Whether the results have those rows of their suite: one that came later has not been measured. */
function hasAll({ name: suite, workloads }: ResultsFile, names: readonly string[]): boolean {
  const known = SUITES.find(({ name }) => name === suite)?.shapes ?? []
  return names.every(
    (name) => workloads.some((each) => each.name === name) || !known.some((shape) => shape.name === name),
  )
}

function blockText(
  file: ResultsFile,
  words: readonly string[],
  benchmarks: string,
  isFirst: boolean,
): string {
  const page = `[${benchmarks.split('/').at(-1)}](${benchmarks})`
  if (words.join() === 'link') return `What a run of all of it found, with charts: ${page}.`
  if (words.join() === 'generators') return generatorTable(file)
  if (file.name === 'profile') return profileTable(file, words, isFirst)
  if (words.join() !== 'summary') return suiteTable(file, words, isFirst)
  const findings = findAll(file)
  return (
    `**${headline(findings)}.** ${leadOf(findings, file)}\n` +
    `${page} begins with where it loses, and has the charts, the ratios with their intervals, and what other load generators say.`
  )
}
