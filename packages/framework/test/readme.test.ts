// The README's examples do what it says. They are JavaScript as well: nothing in them is of TypeScript alone.
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, listeningPeer, Peer, temporaryFolder } from './support/raw.js'
import { codeBlocks, programOf } from './support/readme.js'
import { leaveNothingBehind } from './support/serving.js'

leaveNothingBehind()
afterEach(endChildren)

const blocks = codeBlocks(import.meta.url)
const folder = temporaryFolder()

/** The example with these words in it. Ports and paths are ours, not those of whoever uses the machine. */
function start(words: string, adapt: (code: string) => string = onPort(0)): Child {
  const found = blocks.filter((code) => code.includes(words))
  expect(found.length, `examples with ${words}`).toBe(1)
  return Child.node([programOf(import.meta.url, adapt(found[0]))])
}

const onPort = (port: number) => (code: string) => code.replaceAll('port: 7000', `port: ${port}`)

/** A peer, as soon as somebody listens there. */
async function connected(path: string): Promise<Peer> {
  for (;;) {
    const peer = await Peer.connect({ path }).catch(() => undefined)
    if (peer !== undefined) return peer
  }
}

describe('the README', () => {
  it('begins with an echo server', async () => {
    expect(blocks[0]).toContain('conn.pause()')
    const child = start('conn.pause()')
    const port = Number(await child.awaitOutput(/^tcp:\/\/127\.0\.0\.1:(\d+)$/m))
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('hello')
    await peer.expectBytes('hello')
  })

  it('counts lines with the state of a connection', async () => {
    const path = join(folder, 'count.sock')
    const child = start('conn.state.lines++', (code) => code.replace('/tmp/count.sock', path))
    const peer = await connected(path)
    await peer.send('one\ntwo\nthree\n')
    await peer.end()
    await peer.awaitEnd()
    expect(peer.bytes.toString()).toBe('3 lines\n')
    child.process.kill()
    await child.awaitExit()
  })

  it('connects as a client', async () => {
    const { port, awaitPeer } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const child = start('connectTimeoutMs: 1000', onPort(port))
    const peer = await awaitPeer()
    await peer.expectBytes('hello')
    await peer.send('hello yourself')
    await peer.awaitEnd()
    await peer.end()
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('hello yourself\n')
  })

  it('takes a loop of its own', async () => {
    const child = start("backend: 'poll'")
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('poll\n')
  })

  it('has no example that is not tried here', () => {
    expect(blocks.length).toBe(4)
  })
})
