// The pages on metrics, logs, the admin server and debugging: their examples run and print what they say, and their
// tables have everything in them.
import { CHANNELS } from '@pollux/framework'
import { metrics, Registry } from '@pollux/framework/metrics'
import { afterEach, describe, expect, it } from 'vitest'
import { page, programsOf } from '../support/docs.js'
import { BACKENDS, Child, endChildren } from '../support/raw.js'
import { programOf } from '../support/readme.js'
import { echo, leaveNothingBehind, loopOn, serve } from '../support/serving.js'

leaveNothingBehind()
afterEach(endChildren)

const PAGES = ['metrics.md', 'logs.md', 'admin.md', 'debugging.md']

const programs = PAGES.flatMap((name) => programsOf(name).map((code, i) => ({ name, number: i + 1, code })))

/** What the comments behind `console.log` calls say; ports are not to be known. */
function promised(code: string): string[] {
  const comments = [...code.matchAll(/(?:console\.log|log)\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
  return comments.map((text) => text.replace(/:\d{4,}/g, ':PORT'))
}

describe('the pages', () => {
  it('have examples', () => {
    expect(programs.length).toBe(5)
  })

  it.each(programs)('example $number of $name runs, and prints what it says', async ({ code }) => {
    const child = Child.node([programOf(new URL('../docs.test.ts', import.meta.url).href, code)])
    expect(await child.awaitExit(), child.errors).toBe(0)
    const output = child.output.replace(/:\d{4,}/g, ':PORT')
    for (const text of promised(code)) expect(output).toContain(text)
    expect(child.errors).toBe('')
  })

  it('name every metric, with its type', async () => {
    const registry = new Registry()
    await serve({ loop: loopOn(BACKENDS[0]), plugins: [metrics({ registry })], ...echo })
    const text = page('metrics.md')
    for (const { name, type } of await registry.getMetricsAsJSON())
      expect(text).toContain(`| \`${name}\` | ${type} |`)
  })

  it('name every channel', () => {
    const text = page('debugging.md')
    for (const [hook, name] of Object.entries(CHANNELS))
      expect(text).toContain(`| \`${name}\` | \`${hook}\` |`)
  })
})
