// The program in docs/workers.md does what the page says.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, onTestFinished } from 'vitest'
import { Child, endChildren, Peer } from '../support/raw.js'
import { leaveNothingBehind } from '../support/serving.js'

leaveNothingBehind()
afterEach(endChildren)

const page = readFileSync(new URL('../../../../docs/workers.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms)]

it('the example of workers serves, and ends with SIGTERM', async () => {
  const folder = mkdtempSync(fileURLToPath(new URL('../../dist/docs-', import.meta.url)))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  expect(blocks.map(([, name]) => name)).toEqual(['app.js', 'main.js'])
  for (const [, name, code] of blocks) writeFileSync(join(folder, name), code)
  const child = Child.node([join(folder, 'main.js')])
  const port = Number(await child.awaitOutput(/listening on tcp:\/\/127\.0\.0\.1:(\d+)/))
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  await peer.send('hello\n')
  await peer.awaitBytes(25)
  expect(peer.bytes.toString()).toMatch(/^worker [01] of 2 says hello\n$/)
  await peer.end()
  child.process.kill('SIGTERM')
  expect(await child.awaitExit(), child.errors).toBe(0)
  expect(child.output).toMatch(/worker 0 is done/)
})
