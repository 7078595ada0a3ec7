// Lists the files of a tree, sorted, without what is generated or installed.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const SKIPPED = new Set(['node_modules', 'dist', 'build', '.git', '.cache'])

/**
 * @param {string} folder
 * @param {(name: string) => boolean} wanted looks at the file's name
 * @returns {string[]} full paths; none where the folder does not exist
 */
export function walk(folder, wanted) {
  const files = []
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) files.push(...walk(path, wanted))
    } else if (entry.isFile() && wanted(entry.name)) {
      files.push(path)
    }
  }
  return files.sort()
}

/** @param {string} folder */
function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
}
