// What pages and docstrings show: programs, and what these print.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url))

/** A block that begins with an import, and runs as it stands. */
export interface Example {
  /** Where it stands, and which one it is there. */
  name: string
  code: string
  /** What it must print; undefined where nothing is said. */
  output: string | undefined
}

/** @param path from the root of the repository */
export function readFromRoot(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** The programs of a page, each with the `text` block behind it, if there is one. */
export function examplesOf(path: string): Example[] {
  const blocks = /^```[jt]s\n(import .*?)^```\n(?:\n```text\n(.*?)^```$)?/gms
  return numbered(basename(path), [...readFromRoot(path).matchAll(blocks)])
}

/** The programs in the docstrings of this package: what they print stands behind their calls of `console.log`. */
export function docstringExamples(): Example[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) => numbered(file, blocksIn(readFileSync(SOURCES + file, 'utf8'))))
}

/** Those that are no programs are found too, for a test to say so. */
function blocksIn(source: string): string[][] {
  return [...source.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)].map(([whole, lines]) => {
    const code = lines.replace(/^ *\* ?/gm, '')
    const said = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => `${text}\n`)
    return [whole, code, said.join('')]
  })
}

function numbered(name: string, blocks: readonly (readonly string[])[]): Example[] {
  return blocks.map(([, code, output], i) => ({ name: `${name}, example ${i + 1}`, code, output }))
}
