// The examples of docs/clients.md and of the datagram servers in docs/datagrams.md print what they say.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../support/raw.js'
import { programOf } from '../support/readme.js'

afterEach(endChildren)

const PACKAGE_TEST = new URL('../arguments.test.ts', import.meta.url).href

/** The examples of a page that say what they print. */
function examplesOf(page: string): [lines: number, code: string, output: string][] {
  const text = readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8')
  const found = [...text.matchAll(/^```js\n((?:(?!```).*\n)*)```\n\n```text\n((?:(?!```).*\n)*)```$/gm)]
  const examples = found.map(([, code, output]) => [code.split('\n').length, code, output] as const)
  return examples.filter(([, code]) => code.includes('@pollux/framework')).map((each) => [...each])
}

describe.each([
  ['clients.md', 4],
  ['datagrams.md', 1],
])('docs/%s', (page, count) => {
  const examples = examplesOf(page)

  it('has its examples', () => {
    expect(examples.length).toBe(count)
  })

  it.each(examples)('is right about its example of %i lines', async (_lines, code, output) => {
    const child = Child.node([programOf(PACKAGE_TEST, code)])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe(output)
  })
})
