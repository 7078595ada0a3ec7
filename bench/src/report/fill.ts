/** Pages whose tables are filled from results: whatever stands between `<!-- results: NAME … -->` and `<!-- end -->`. */
import type { ResultsFile } from '../results-file.js'
import { suiteTable } from './suite-table.js'

const BLOCK = /(<!-- results: *([\w-]+)((?:[ ,]+[\w-]+)*) *-->\n)([\s\S]*?)(<!-- end -->)/g

export interface Filled {
  text: string
  /** Results that a block wants and that are not there: it stays as it is. */
  missing: string[]
}

/**
 * Fills the blocks of a page. Behind the name of the results, a block may name the workloads that it wants.
 *
 * @param results by name
 * @throws Error for a block without its end, and for a workload that the results do not have
 */
export function fill(text: string, results: ReadonlyMap<string, ResultsFile>): Filled {
  const missing: string[] = []
  const begins = text.match(/<!-- results:/g)?.length ?? 0
  const blocks = text.match(BLOCK) ?? []
  if (begins !== blocks.length || blocks.some((block) => block.lastIndexOf('<!-- results:') > 0)) {
    throw new Error(
      'a block is `<!-- results: NAME WORKLOAD … -->` on a line of its own, with `<!-- end -->` behind it',
    )
  }
  const filled = text.replace(
    BLOCK,
    (block, begin: string, name: string, rest: string, _: string, end: string) => {
      const file = results.get(name)
      if (file === undefined) {
        missing.push(name)
        return block
      }
      return `${begin}${suiteTable(
        file,
        rest.split(/[ ,]+/).filter((word) => word !== ''),
      )}\n${end}`
    },
  )
  return { text: filled, missing }
}
