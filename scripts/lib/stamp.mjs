// Remembers by content what a set-up step was last done for, so that nothing is done twice. Not by time:
// a checkout, a copy or an unpacked cache sets times as it likes.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { CACHE, ROOT } from './paths.mjs'

const STAMPS = join(CACHE, 'stamps')

/**
 * Whether a step has to be done: its inputs are not those of the last time, or an output is gone.
 *
 * @param {object} step
 * @param {string} step.name
 * @param {string[]} step.files inputs: the names and contents of these files
 * @param {unknown[]} [step.values] and these values
 * @param {string[]} step.outputs files that it makes
 * @returns {(() => void) | undefined} undefined when it is done; otherwise what to call once it has been
 */
export function pending({ name, files, values = [], outputs }) {
  const stamp = join(STAMPS, name)
  // Taken now, before the work: what is edited meanwhile has not been done.
  const digest = digestOf(files, values)
  const done = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
  if (done && outputs.every((file) => existsSync(file))) return undefined
  rmSync(stamp, { force: true })
  return () => {
    mkdirSync(STAMPS, { recursive: true })
    writeFileSync(stamp, digest)
  }
}

/**
 * @param {string[]} files
 * @param {unknown[]} values
 */
function digestOf(files, values) {
  const hash = createHash('sha256').update(JSON.stringify(values))
  for (const file of files) {
    const content = readFileSync(file)
    hash.update(`\0${relative(ROOT, file)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
