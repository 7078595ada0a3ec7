// Replacing all workers while clients come and go: nobody is refused, nobody is reset.
import { connect } from 'node:net'
import { join } from 'node:path'
import type { WorkerGroup } from '@pollux/framework'
import { beforeAll, describe, expect, it } from 'vitest'
import { noise, patiently, temporaryFolder } from '../support/raw.js'
import { expectEcho, leaveNothingBehind } from '../support/serving.js'
import { ask, closeGroups, endpointOf, expectRejection, LOCAL, serveTalkative } from './support.js'

leaveNothingBehind()
closeGroups()
beforeAll(async () => {
  const { group } = await serveTalkative({ workers: 1 })
  await group.close()
})

const path = join(temporaryFolder(), 'reloaded.sock')

describe.each([
  ['TCP', LOCAL],
  ['a Unix socket', { path }],
])('a reload on %s', (_name, target) => {
  it('replaces all workers, and every client that comes meanwhile is served', async () => {
    const { group } = await serveTalkative({ workers: 2 }, [target])
    const before = group.workers.map((worker) => worker?.threadId)
    const clients = new Clients(group)
    for (let i = 0; i < 2; ++i) await patiently(group.reload(), 'the reload')
    await clients.stop()
    expect(clients.failures).toEqual([])
    expect(clients.served).toBeGreaterThan(10)
    const after = group.workers.map((worker) => worker?.threadId)
    for (const threadId of after) expect(before).not.toContain(threadId)
    expect([group.restarts, group.isReady]).toEqual([0, true])
  })
})

describe('a reload', () => {
  it('lets the conversations of the old workers finish', async () => {
    const { group, connect: connectPeer } = await serveTalkative({ workers: 1 })
    const peer = await connectPeer()
    const before = await ask(peer)
    const reloaded = group.reload({ deadlineMs: 10_000 })
    let after = before
    while (after.threadId === before.threadId) {
      const other = await connectPeer()
      after = await ask(other)
      other.socket.destroy()
    }
    expect((await ask(peer)).threadId).toBe(before.threadId)
    await expectEcho(peer, noise(100_000))
    await peer.end()
    await patiently(reloaded, 'the reload')
  })

  it('whose new worker does not start changes nothing', async () => {
    const data = { targets: [LOCAL] as object[] }
    const { group, ends, connect: connectPeer } = await serveTalkative({ workers: 2, data })
    const peer = await connectPeer()
    const before = await ask(peer)
    // Who listens on this is told EACCES or EADDRNOTAVAIL.
    data.targets = [{ host: '192.0.2.1', port: 0 }]
    const error = await expectRejection(group.reload())
    expect(error.code).toBe('ERR_POLLUX_WORKER_START')
    expect((await ask(peer)).threadId).toBe(before.threadId)
    expect([ends, group.isReady]).toEqual([[], true])
  })

  it('of a group that is closed is refused', async () => {
    const { group } = await serveTalkative({ workers: 1 })
    await group.close()
    expect(await expectRejection(group.reload())).toMatchObject({ code: 'ERR_POLLUX_CLOSED' })
  })

  it('in the midst of which the group is closed ends with it', async () => {
    const { group } = await serveTalkative({ workers: 2 })
    const reloaded = expectRejection(group.reload())
    await patiently(group.close(), 'the group to close')
    await reloaded
  })
})

/** Short conversations, eight at a time, one after the other. */
class Clients {
  served = 0
  readonly failures: string[] = []
  private stopped = false
  private readonly running: Promise<void>[]

  constructor(private readonly group: WorkerGroup) {
    this.running = Array.from({ length: 8 }, () => this.run())
  }

  async stop() {
    this.stopped = true
    await patiently(Promise.all(this.running), 'the last conversations')
  }

  private async run() {
    while (!this.stopped) {
      const failure = await this.converse()
      if (failure === undefined) this.served++
      else this.failures.push(failure)
    }
  }

  /** Sends a message and wants it back; what went wrong, if something did. */
  private converse(): Promise<string | undefined> {
    const { address } = this.group
    if (address === undefined) return Promise.resolve('nobody listens')
    return new Promise((resolve) => {
      const socket = connect(endpointOf(address))
      let answer = ''
      let failure: string | undefined
      socket.on('connect', () => socket.end('hello'))
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.on('error', (error) => {
        failure = error.message
      })
      socket.on('close', () => resolve(failure ?? (answer === 'hello' ? undefined : `answered '${answer}'`)))
    })
  }
}
