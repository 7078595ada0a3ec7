// The example of docs/datagrams.md does what it says.
import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'

afterEach(endChildren)

const PAGE = new URL('../../../../docs/datagrams.md', import.meta.url)
const CORE = new URL('../../dist/index.js', import.meta.url).href

it('the page’s example sends itself two datagrams, answers them, and ends', async () => {
  const program = readFileSync(PAGE, 'utf8').match(/```js\n([\s\S]*?)```/)?.[1] ?? ''
  expect(program).toContain("from '@pollux/core'")
  const child = Child.node(['--input-type=module', '-e', program.replace('@pollux/core', CORE)])
  expect(await child.awaitExit(), child.errors).toBe(0)
  const [first, second] = child.output.trim().split('\n')
  expect(first).toMatch(/^13 bytes from \{ family: 'IPv4', host: '127\.0\.0\.1', port: \d+ \}$/)
  expect(second).toMatch(/^7 bytes from /)
})
