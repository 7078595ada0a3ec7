// The programs of the README at the top of the repository, as they stand but for their ports.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, Peer } from './support/raw.js'
import { programOf } from './support/readme.js'
import { leaveNothingBehind } from './support/serving.js'

leaveNothingBehind()
afterEach(endChildren)

const text = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const programs = [...text.matchAll(/^```ts\n(import .*?)^```$/gms)].map(([, code]) => code)

function start(words: string): Child {
  const found = programs.filter((code) => code.includes(words))
  expect(found.length, `programs with ${words}`).toBe(1)
  const code = found[0]
    .replace(/port: 700\d/, 'port: 0')
    .replace('admin.listen()', 'admin.listen({ port: 0 })')
  return Child.node([programOf(import.meta.url, code)])
}

describe('the README at the top', () => {
  it('begins with a server in ten lines', async () => {
    const child = start('line.toUpperCase()')
    const port = Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)$/m))
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('hello\n')
    await peer.expectBytes('HELLO\n')
  })

  it('goes on with limits, metrics, logs and an end', async () => {
    const child = start('createAdmin')
    const admin = await child.awaitOutput(/^dashboard: (http:\/\/127\.0\.0\.1:\d+)\/?$/m)
    const metrics = await (await fetch(`${admin}/metrics`)).text()
    expect(metrics).toContain('server="adder"')
    expect((await fetch(`${admin}/readyz`)).status).toBe(200)
    // Where it listens is in its log.
    const [, port] = /"port":(\d+)/.exec(child.output) ?? /127\.0\.0\.1:(\d+)(?!\/)/.exec(child.output) ?? []
    const peer = await Peer.connect({ host: '127.0.0.1', port: Number(port) })
    await peer.send('{"a":1,"b":2}\n')
    await peer.expectBytes('{"sum":3}\n')
    await peer.end()
    child.process.kill('SIGTERM')
    expect(await child.awaitExit(), child.errors).toBe(0)
  })

  it('has no program that is not tried here', () => {
    expect(programs.length).toBe(2)
  })
})
