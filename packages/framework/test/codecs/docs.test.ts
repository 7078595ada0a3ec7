// The examples of docs/codecs.md print what it says.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../support/raw.js'
import { programOf } from '../support/readme.js'

afterEach(endChildren)

const page = readFileSync(new URL('../../../../docs/codecs.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/^```js\n(.*?)^```\n\n```text\n(.*?)^```$/gms)]
const PACKAGE_TEST = new URL('../arguments.test.ts', import.meta.url).href

describe('docs/codecs.md', () => {
  it('has nothing to run but examples that say what they print', () => {
    expect(examples.length).toBe(3)
    expect([...page.matchAll(/^```(js|ts)$/gm)].length).toBe(examples.length)
  })

  it.each(examples.map(([, code, output]) => [code.split('\n').length, code, output]))(
    'is right about its example of %i lines',
    async (_lines, code, output) => {
      const child = Child.node([programOf(PACKAGE_TEST, code as string)])
      expect(await child.awaitExit(), child.errors).toBe(0)
      expect(child.output).toBe(output)
    },
  )

  it('shows a codec of one’s own in twenty lines', () => {
    const [, code] = examples[2]
    const codec = code.slice(code.indexOf('const notes'), code.indexOf('const server'))
    expect(codec.trim().split('\n').length).toBeLessThanOrEqual(20)
  })
})
