// A process lives as long as a referenced socket is open, hears the last event, and ends cleanly.
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, fixture } from './support/child.js'
import { checkFds } from './support/leaks.js'
import { noise, Peer } from './support/peer.js'
import { BACKENDS } from './support/server.js'

checkFds()
afterEach(endChildren)

describe.each(BACKENDS)('a process on %s', (backend) => {
  const start = (scenario: string) => Child.node([fixture('process.mjs'), scenario, backend])

  it('lives while a referenced socket is open, and ends when the last one closes', async () => {
    const { child, peer } = await connected('referenced')
    await expectEcho(peer)
    await peer.send('quit')
    await peer.awaitEnd()
    expect(await child.awaitExit()).toBe(0)
    expect(child.output).toMatch(/exit 0 after ACCEPT (DATA_BORROWED )+CLOSED CLOSED\n$/)
  })

  it('does not live for an unreferenced socket', async () => {
    const child = start('unreferenced')
    expect(await child.awaitExit()).toBe(0)
    expect(child.output).toMatch(/exit 0 after \n$/)
  })

  it('counts a socket once, however often it was referenced', async () => {
    const child = start('referenced-again')
    expect(await child.awaitExit()).toBe(0)
  })

  it.each(['last-event', 'last-event-drained'])(
    'hears the last CLOSED before it ends (%s)',
    async (scenario) => {
      const child = start(scenario)
      expect(await child.awaitExit()).toBe(0)
      expect(child.output).toMatch(/exit 0 after CLOSED\n$/)
    },
  )

  it('ends with open sockets when they are all unreferenced, and its peers are told', async () => {
    const { child, peer } = await connected('unref-all')
    await peer.send('quit')
    expect(await child.awaitExit()).toBe(0)
    await peer.awaitClosedOrEnded()
  })

  it.each(['exit', 'exit-later'])('ends with open sockets by process.exit (%s)', async (scenario) => {
    const { child, peer } = await connected(scenario)
    await expectEcho(peer)
    await peer.send('quit')
    expect(await child.awaitExit()).toBe(0)
    expect(child.errors).toBe('')
    await peer.awaitClosedOrEnded()
  })

  it.each(['close-reactor', 'never-used'])('ends when the reactor is closed (%s)', async (scenario) => {
    const child = start(scenario)
    if (scenario === 'close-reactor') {
      const peer = await Peer.connect({ host: '127.0.0.1', port: await child.awaitPort() })
      await peer.send('quit')
      await peer.awaitClosedOrEnded()
    }
    expect(await child.awaitExit()).toBe(0)
    expect(child.errors).toBe('')
  })

  it('whose dispatch throws hears of it as uncaughtException, and goes on', async () => {
    const { child, peer } = await connected('throw')
    await peer.send('oops')
    await child.awaitOutput(/^uncaughtException: thrown by dispatch$/m)
    await expectEcho(peer)
    await peer.send('quit')
    expect(await child.awaitExit()).toBe(0)
    expect(child.output.match(/uncaughtException/g)?.length).toBe(1)
  })

  it('whose dispatch throws, with nobody to hear of it, ends as Node.js does', async () => {
    const { child, peer } = await connected('throw-unhandled')
    await peer.send('oops')
    expect(await child.awaitExit()).toBe(1)
    expect(child.errors).toContain('Error: thrown by dispatch')
  })

  async function connected(scenario: string) {
    const child = start(scenario)
    const peer = await Peer.connect({ host: '127.0.0.1', port: await child.awaitPort() })
    return { child, peer }
  }
})

async function expectEcho(peer: Peer) {
  const before = peer.bytes
  const bytes = noise(100_000)
  await peer.send(bytes)
  await peer.expectBytes(Buffer.concat([before, bytes]))
}
