// A process that truly runs out of descriptors: `ulimit -n`.
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { Peer } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()
afterEach(endChildren)

const LIMIT = 64
const PEERS = 100
const PROGRAM = fileURLToPath(new URL('./fixtures/few-fds.mjs', import.meta.url))

it.each(['node:net', '@pollux/net'])(
  'a server of %s without descriptors closes what it cannot take, says nothing, does not spin, and serves again',
  async (over) => {
    const command = `ulimit -n ${LIMIT}; exec "$0" "$@"`
    const child = Child.run('sh', ['-c', command, process.execPath, PROGRAM, over])
    const port = await child.awaitPort()
    const peers: Peer[] = []
    for (let i = 0; i < PEERS; ++i) peers.push(await Peer.connect({ host: '127.0.0.1', port }))

    const served: Peer[] = []
    for (const peer of peers) {
      if (await isServed(peer)) served.push(peer)
      else peer.socket.destroy()
    }
    expect(served.length).toBeGreaterThan(10)
    expect(served.length).toBeLessThan(LIMIT)
    for (const peer of served) {
      await peer.send('again')
      await peer.expectBytes('helloagain')
    }

    for (const peer of served.splice(1)) peer.socket.destroy()
    // Whoever comes before the server has closed those is closed as well, and comes again.
    for (;;) {
      const late = await Peer.connect({ host: '127.0.0.1', port })
      const isTaken = await isServed(late)
      late.socket.destroy()
      if (isTaken) break
    }

    const { errors, drops, turns } = await statsBy(served[0])
    expect({ errors, drops }).toEqual({ errors: 0, drops: 0 })
    // Each connection and each message is a turn or two, and so is each pause; a spin is many thousands.
    expect(turns).toBeLessThan(PEERS * 20)
  },
)

/** Everybody is either answered or told. */
async function isServed(peer: Peer): Promise<boolean> {
  peer.socket.write('hello')
  await Promise.race([peer.awaitBytes(5), peer.awaitClosedOrEnded()])
  return peer.bytes.length > 0
}

async function statsBy(peer: Peer): Promise<Record<string, number>> {
  const before = peer.bytes.length
  await peer.send('stats')
  await eventually('the counters', () => peer.bytes.includes('}\n', before))
  return JSON.parse(peer.bytes.subarray(before).toString())
}
