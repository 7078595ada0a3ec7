// All programs, by the sentence that each of them is about.
import { readdir } from 'node:fs/promises'

/**
 * @typedef {(context: import('./context.mjs').Context) => Promise<unknown>} Run
 * @typedef {object} Program
 * @property {Run} run
 * @property {number} [since] The major version of Node that first has what it uses; it runs from there on.
 * @typedef {Record<string, Run | Program>} Programs What a file of the corpus exports.
 */

/** @type {Map<string, Program>} */
const programs = new Map()
for (const file of (await readdir(new URL('corpus/', import.meta.url))).sort()) {
  /** @type {{ default: Programs }} */
  const { default: entries } = await import(`./corpus/${file}`)
  for (const [sentence, program] of Object.entries(entries)) {
    const name = `${file.replace('.mjs', '')}: ${sentence}`
    programs.set(name, typeof program === 'function' ? { run: program } : program)
  }
}

/** Those that this version of Node can run. @param {string} version */
export function programsOf(version) {
  const major = Number.parseInt(version, 10)
  return [...programs].filter(([, { since = 0 }]) => since <= major)
}
