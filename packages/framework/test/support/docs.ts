// The examples of pages in docs/, and the tables that a test holds against the code.
import { readFileSync } from 'node:fs'

/** The text of a page. */
export function page(name: string): string {
  return readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
}

/** The programs in it: blocks that begin with an import, which run as they stand. */
export function programsOf(name: string): string[] {
  const blocks = page(name).matchAll(/^```js\n(import .*?)^```$/gms)
  return [...blocks].map(([, code]) => code)
}
