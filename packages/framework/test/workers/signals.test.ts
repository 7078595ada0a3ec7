// A program of workers, and the signals that it gets.
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, Peer } from '../support/raw.js'
import { leaveNothingBehind } from '../support/serving.js'
import { appOf } from './support.js'

leaveNothingBehind()
afterEach(endChildren)

async function start() {
  const child = Child.node([fileURLToPath(appOf('main'))])
  const port = await child.awaitPort()
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  await peer.send('ping')
  await peer.expectBytes('ping')
  return { child, peer, port }
}

describe('a program with `signals`', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('drains on %s, and ends with 0', async (signal) => {
    const { child, peer } = await start()
    child.process.kill(signal)
    await peer.send('pong')
    await peer.expectBytes('pingpong')
    await peer.end()
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toMatch(/farewell of 0/)
    expect(child.output).toMatch(/farewell of 1/)
  })

  it('ends at once on the second one', async () => {
    const { child, port } = await start()
    child.process.kill('SIGTERM')
    // It has heard the first one when it takes nobody new.
    while (await isTaken(port)) await new Promise((resolve) => setImmediate(resolve))
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(128 + constants.signals.SIGTERM)
  })
})

async function isTaken(port: number): Promise<boolean> {
  const peer = await Peer.connect({ host: '127.0.0.1', port }).catch(() => undefined)
  peer?.socket.destroy()
  return peer !== undefined
}
