// Formats C and C++ with a clang-format compiled to WebAssembly: the same version on every machine, and no
// binary to install.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT, WORKSPACES } from './paths.mjs'
import { walk } from './walk.mjs'

/**
 * @param {boolean} fix
 * @returns {Promise<number>} how many files are not formatted, after fixing
 */
export async function clangFormat(fix) {
  const { format } = await import('@wasm-fmt/clang-format')
  const style = readFileSync(join(ROOT, '.clang-format'), 'utf8')
  const files = WORKSPACES.flatMap((folder) => walk(join(ROOT, folder), (name) => /\.(c|cc|h)$/.test(name)))
  let unformatted = 0
  for (const file of files) {
    const before = readFileSync(file, 'utf8')
    const after = format(before, file, style)
    if (after === before) continue
    const name = relative(ROOT, file)
    if (fix) {
      writeFileSync(file, after)
      console.log(`formatted ${name}`)
    } else {
      unformatted++
      console.error(`${name}:${firstDifference(before, after)}: not formatted (npm run format)`)
    }
  }
  console.log(`clang-format: ${files.length} files checked`)
  return unformatted
}

/**
 * @param {string} before
 * @param {string} after
 */
function firstDifference(before, after) {
  const lines = after.split('\n')
  const line = before.split('\n').findIndex((text, index) => text !== lines[index])
  return (line === -1 ? lines.length : line) + 1
}
