// The metrics of all workers in one registry.
import { readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'

import { expectEcho, leaveNothingBehind } from '../support/serving.js'
import { ask, closeGroups, hang, peerOf, serveTalkative } from './support.js'

leaveNothingBehind()
closeGroups()
beforeAll(async () => {
  const { group } = await serveTalkative({ workers: 1 })
  await group.close()
})

type Group = Awaited<ReturnType<typeof serveTalkative>>['group']

const threadCount = () => readdirSync('/proc/self/task').length

/** Stops this thread, and no other. */
const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** The value of a metric without labels. */
async function metricOf(group: Group, name: string): Promise<number> {
  const text = await (await group.aggregateMetrics()).metrics()
  return Number(text.match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1])
}

describe('the metrics of a group', () => {
  it('are the sums over its workers', async () => {
    const { group } = await serveTalkative({ workers: 2 })
    for (const peer of [await peerOf(group, 0), await peerOf(group, 1)]) await ask(peer)
    const before = await metricOf(group, 'served_total')
    for (let index = 0; index < 2; ++index) {
      const peer = await peerOf(group, index)
      for (let i = 0; i < 5; ++i) await expectEcho(peer, Buffer.from('x'))
    }
    // Each search for a worker asks at least once.
    expect(await metricOf(group, 'served_total')).toBeGreaterThanOrEqual(before + 12)
    expect(await metricOf(group, 'pollux_workers')).toBe(2)
    expect(await metricOf(group, 'pollux_worker_restarts_total')).toBe(0)
  })

  it('never fall when a worker dies: what was counted stays, what is gone is gone', async () => {
    const { group, connect, awaitReady } = await serveTalkative({ workers: 1, restart: { minDelayMs: 1 } })
    for (let i = 1; i <= 4; ++i) {
      const peer = await connect()
      for (let n = 0; n < 10; ++n) await expectEcho(peer, Buffer.from('x'))
      expect(await metricOf(group, 'served_total')).toBe(10 * i)
      expect(await metricOf(group, 'open')).toBe(1)
      await peer.send('exit')
      await awaitReady(i + 1)
      expect(await metricOf(group, 'served_total')).toBe(10 * i)
      expect(await metricOf(group, 'open')).toBe(0)
    }
    expect(await metricOf(group, 'pollux_worker_restarts_total')).toBe(4)
  })

  it('keep what an orderly end had counted last', async () => {
    const { group, connect } = await serveTalkative({ workers: 1 })
    expect(await metricOf(group, 'served_total')).toBe(0)
    const peer = await connect()
    for (let n = 0; n < 7; ++n) await expectEcho(peer, Buffer.from('x'))
    await peer.end()
    await group.reload()
    expect(await metricOf(group, 'served_total')).toBe(7)
  })

  it('keep it where the main thread is busy until the worker has ended', async () => {
    const { group, connect } = await serveTalkative({ workers: 1 })
    expect(await metricOf(group, 'served_total')).toBe(0)
    const peer = await connect()
    for (let n = 0; n < 7; ++n) await expectEcho(peer, Buffer.from('x'))
    await peer.end()
    const threads = threadCount()
    const closed = group.close()
    const deadline = performance.now() + 20_000
    while (threadCount() >= threads && performance.now() < deadline) pause(5)
    await closed
    expect(await metricOf(group, 'served_total')).toBe(7)
  })

  it('are what a worker said last, where it hangs', async () => {
    const { group, connect } = await serveTalkative({ workers: 1 })
    const peer = await connect()
    await expectEcho(peer, Buffer.from('x'))
    expect(await metricOf(group, 'served_total')).toBe(1)
    await hang(peer)
    const both = await Promise.all([metricOf(group, 'served_total'), metricOf(group, 'served_total')])
    expect(both).toEqual([1, 1])
  })
})
