// The pages of docs/sockets: their table, their links and their programs, as the tests of them need them.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** With a slash at its end. */
export const PAGES = fileURLToPath(new URL('../../../../docs/sockets/', import.meta.url))
export const TABLE = 'README.md'

/** The files of the folder, the table's included. */
export const pageNames = () =>
  readdirSync(PAGES)
    .filter((name) => name.endsWith('.md'))
    .sort()

export const readPage = (name: string) => readFileSync(PAGES + name, 'utf8')

/** A call of POSIX, or several, and what stands for it here. */
export interface Row {
  /** As one would look them up: 'recv'. Empty where POSIX has none. */
  posix: string[]
  /** Exports of core: 'poll', 'Socket.recv', 'Socket[Symbol.dispose]'. */
  exports: string[]
  /** File names in docs/sockets. */
  pages: string[]
  /** Files in packages/core/test, without their endings. */
  tests: string[]
}

/** The rows of the table of all calls. */
export function tableRows(text = readPage(TABLE)): Row[] {
  const [, section = ''] = text.split('\n## All calls\n')
  const lines = section.split('\n## ')[0].split('\n')
  const rows = lines
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const [head, rule, ...body] = rows
  if (head?.[1] !== 'POSIX' || !rule?.[1].startsWith('---'))
    throw new Error('docs/sockets has no table of calls')
  return body.map(([, posix, here, page, tests]) => ({
    posix: posix.startsWith('*') ? [] : posix.replace(/ \(.*\)$/, '').split(', '),
    exports: quoted(here),
    pages: [...page.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => target),
    tests: quoted(tests),
  }))
}

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)

/** A block of a page that runs as it stands. */
export interface Program {
  code: string
  /** Whether it shows what only Linux has. */
  ofLinux: boolean
  /** What it must print; undefined where the page does not say. */
  output: string | undefined
}

/** The blocks that begin with an import, each with the `text` block that follows it, if one does. */
export function programsIn(page: string): Program[] {
  const blocks = /^```js( linux)?\n(import .*?)^```\n(?:\n```text\n(.*?)^```$)?/gms
  return [...page.matchAll(blocks)].map(([, linux, code, output]) => ({
    code,
    ofLinux: linux !== undefined,
    output,
  }))
}

/** Where the page's links to other files of the repository lead, without their anchors. */
export function linksIn(page: string): string[] {
  const prose = page.replace(/^```.*?^```$/gms, '').replace(/`[^`]*`/g, '')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target.split('#')[0])
  return targets.filter((target) => target !== '' && !target.includes('://'))
}
