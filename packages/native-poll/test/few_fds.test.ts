// A process that truly runs out of descriptors: `ulimit -n`.
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, fixture } from './support/child.js'
import { checkFds } from './support/leaks.js'
import { eventually } from './support/patience.js'
import { Peer } from './support/peer.js'
import { BACKENDS } from './support/server.js'

checkFds()
afterEach(endChildren)

const LIMIT = 64
const PEERS = 100

describe.each(BACKENDS)('a server on %s with few descriptors', (backend) => {
  it('tells those it cannot take, serves those it has, does not spin, and recovers', async () => {
    const command = `ulimit -n ${LIMIT}; exec "$0" "$@"`
    const child = Child.run('sh', ['-c', command, process.execPath, fixture('few_fds.mjs'), backend])
    const port = await child.awaitPort()
    const peers: Peer[] = []
    for (let i = 0; i < PEERS; ++i) peers.push(await Peer.connect({ host: '127.0.0.1', port }))

    // Everybody is either served or told.
    const served: Peer[] = []
    for (const peer of peers) {
      peer.socket.write('hello')
      await Promise.race([peer.awaitBytes(5), peer.awaitClosedOrEnded()])
      if (peer.bytes.length > 0) served.push(peer)
      else peer.socket.destroy()
    }
    expect(served.length).toBeGreaterThan(10)
    expect(served.length).toBeLessThan(LIMIT)
    for (const peer of served) {
      await peer.send('again')
      await peer.expectBytes('helloagain')
    }

    const stats = await statsBy(served[0])
    expect(stats.acceptPauses).toBeGreaterThan(0)
    expect(stats.paused).toBe(stats.acceptPauses)
    expect(stats.acceptsShed).toBe(PEERS - served.length)
    // Each connection and each message is a turn or two, and so is each pause; a spin is many thousands.
    expect(stats.turns).toBeLessThan(PEERS * 20)

    for (const peer of served.splice(1)) peer.socket.destroy()
    // Whoever came too early for the resumed listener is told, and comes again.
    for (;;) {
      const late = await Peer.connect({ host: '127.0.0.1', port })
      late.socket.write('welcome')
      await Promise.race([late.awaitBytes(7), late.awaitClosedOrEnded()])
      late.socket.destroy()
      if (late.bytes.length > 0) break
    }
    // The last of them may have taken the last descriptor, and paused it once more.
    for (;;) {
      const end = await statsBy(served[0])
      if (end.resumed === end.paused) break
    }
  })
})

async function statsBy(peer: Peer): Promise<Record<string, number>> {
  const before = peer.bytes.length
  await peer.send('stats')
  await eventually('the counters', () => peer.bytes.includes('}\n', before))
  return JSON.parse(peer.bytes.subarray(before).toString())
}
