// docs/net.md, the README and the docstrings of this package: their programs run, and print what they say.
import * as node from 'node:net'
import * as pollux from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { linksIn } from '../../core/test/support/pages.js'
import { programOf } from '../../framework/test/support/readme.js'
import { Child, endChildren } from '../../native-poll/test/support/child.js'
import { docstringExamples, type Example, examplesOf, readFromRoot } from './support/examples.js'
import { leaveNothingBehind } from './support/leaks.js'
import { NODES } from './support/nodes.js'

leaveNothingBehind()
afterEach(endChildren)

const PAGE = 'docs/net.md'
const README = 'packages/net/README.md'
const page = readFromRoot(PAGE)

const DOCSTRINGS = docstringExamples()

async function run({ code, output }: Example, path = process.execPath): Promise<void> {
  const child = Child.run(path, [programOf(import.meta.url, code)])
  expect(await child.awaitExit(), child.errors).toBe(0)
  expect(child.errors).toBe('')
  if (output !== undefined) expect(child.output).toBe(output)
}

describe('the page on coming from node:net', () => {
  it('says of each of its programs what it prints', () => {
    const examples = examplesOf(PAGE)
    expect(examples.length).toBe([...page.matchAll(/^```js$/gm)].length)
    expect(examples.filter(({ output }) => output === undefined)).toEqual([])
  })

  describe.each(NODES)('on $name', ({ path }) => {
    it.each(examplesOf(PAGE))('$name runs', (example) => run(example, path))
  })

  it('names what Node exports and this package does not, and what it exports besides', () => {
    const missing = Object.keys(node).filter((name) => !(name in pollux))
    const more = Object.keys(pollux).filter((name) => !(name in node))
    expect([...missing, ...more].filter((name) => !page.includes(`${name}\``))).toEqual([])
  })

  it('has links that lead somewhere, to headings that are there', () => {
    for (const link of linksIn(page)) expect(() => readFromRoot(`docs/${link}`)).not.toThrow(/ENOENT/)
    const headings = [...page.matchAll(/^##+ (.*)$/gm)].map(([, text]) => text)
    const anchors = headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replace(/ /g, '-'),
    )
    const wanted = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor)
    expect(wanted.filter((anchor) => !anchors.includes(anchor))).toEqual([])
  })
})

describe('the README', () => {
  it('begins with a server', async () => {
    const [{ code }] = examplesOf(README)
    const child = Child.node([programOf(import.meta.url, code)])
    const port = Number(await child.awaitOutput(/^listening on 127\.0\.0\.1:(\d+)$/m))
    const client = pollux.connect(port, '127.0.0.1', () => client.end('hello'))
    let text = ''
    for await (const chunk of client) text += chunk
    expect(text).toBe('hello')
  })
})

describe('docstrings', () => {
  it('have examples that are whole programs', () => {
    expect(DOCSTRINGS.length).toBeGreaterThan(0)
    expect(DOCSTRINGS.filter(({ code }) => !code.startsWith('import '))).toEqual([])
  })

  it.each(DOCSTRINGS)('$name runs', (example) => run(example))
})
