// Servers in worker threads: one that is terminated in mid-traffic takes nothing with it and leaves nothing behind.
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { BackendName } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { BACKENDS, eventually, noise, openFds, Peer, patiently } from './support/raw.js'
import { echo, expectEcho, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()

const FIXTURE = fileURLToPath(new URL('fixtures/flooded_worker.mjs', import.meta.url))
const TIMES = 6

const workers = new Set<Worker>()
afterEach(async () => {
  for (const worker of workers) await worker.terminate()
  workers.clear()
})

async function start(backend: BackendName, borrow: boolean) {
  const worker = new Worker(FIXTURE, { workerData: { backend, borrow } })
  workers.add(worker)
  const port = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { worker, port: await patiently(port, 'the port of the worker') }
}

const connectTo = ({ port }: { port: number }) => Peer.connect({ host: '127.0.0.1', port })

describe.each(BACKENDS)('two workers on %s', (backend) => {
  it.each([{ borrow: false }, { borrow: true }])(
    `of which one is terminated in mid-traffic, ${TIMES} times, leave no fd, and the other is intact, %o`,
    async ({ borrow }) => {
      // What the first worker of a process opens for good is no leak.
      await (await start(backend, borrow)).worker.terminate()
      const before = openFds()
      const here = await serve({ ...echo, loop: loopOn(backend) })
      const survivor = await start(backend, borrow)
      const peers = [await connectTo(survivor), await here.connect()]
      for (let i = 0; i < TIMES; ++i) {
        const victim = await start(backend, borrow)
        const peer = await connectTo(victim)
        await expectEcho(peer, noise(100_000))
        const echoed = peers.map((each) => expectEcho(each, noise(200_000)))
        await victim.worker.terminate()
        await peer.awaitClosedOrEnded()
        peer.socket.destroy()
        await Promise.all(echoed)
      }
      for (const peer of peers) peer.socket.destroy()
      await survivor.worker.terminate()
      await here.server.close()
      here.server.loop.close()
      await eventually('every descriptor to be closed', () => openFds().length <= before.length)
      expect(openFds()).toEqual(before)
    },
  )

  it('end by themselves when all is closed', async () => {
    const { worker } = await start(backend, false)
    const ended = new Promise<number>((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    expect(await patiently(ended, 'the worker to end')).toBe(0)
  })
})
