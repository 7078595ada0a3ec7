// The echo servers with codecs, as processes.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { noise, Peer } from '../../packages/native-poll/test/support/peer.js'

checkFds()
afterEach(endChildren)

const start = (name: string, ...flags: string[]) =>
  Child.node([fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url)), '--port', '0', ...flags])

async function peerOf(child: Child): Promise<Peer> {
  const port = Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)\n/))
  return Peer.connect({ host: '127.0.0.1', port })
}

describe.each([[[]], [['--borrow']]])('with flags %o', (flags) => {
  it('lines-echo sends lines back', async () => {
    const peer = await peerOf(start('lines-echo', ...flags))
    const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i} žluť`).join('\n')
    await peer.send(`${lines}\r\nlast`)
    await peer.end()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toBe(`${lines}\nlast\n`)
  })

  it('length-echo sends messages back', async () => {
    const peer = await peerOf(start('length-echo', ...flags))
    const messages = [0, 1, 1000, 300_000].map((length) => {
      const prefix = Buffer.alloc(4)
      prefix.writeUInt32BE(length)
      return Buffer.concat([prefix, noise(length)])
    })
    await peer.send(Buffer.concat(messages))
    await peer.expectBytes(Buffer.concat(messages))
  })
})

it.each(['lines-echo', 'length-echo'])('%s ends with code 0 on Ctrl-C', async (name) => {
  const child = start(name)
  await peerOf(child)
  child.process.kill('SIGINT')
  expect(await child.awaitExit()).toBe(0)
  expect(child.errors).toBe('')
})
