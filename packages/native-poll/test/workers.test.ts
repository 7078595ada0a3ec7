// A reactor in each worker: one that is terminated in mid-traffic takes nothing with it and leaves nothing behind.
import { Worker } from 'node:worker_threads'
import type { BackendName } from '@pollux/native-poll'
import { afterEach, describe, expect, it } from 'vitest'
import { fixture } from './support/child.js'
import { checkFds, openFds } from './support/leaks.js'
import { eventually, patiently } from './support/patience.js'
import { closePeers, noise, Peer } from './support/peer.js'
import { BACKENDS } from './support/server.js'

checkFds()

const workers = new Set<Worker>()
afterEach(async () => {
  for (const worker of workers) await worker.terminate()
  workers.clear()
})

const TIMES = 20

describe.each(BACKENDS)('workers on %s', (backend) => {
  it(`terminated in mid-traffic ${TIMES} times leave no fd, and the other's bytes are intact`, async () => {
    // What the first worker of a process opens for good is no leak.
    await (await start(backend)).worker.terminate()
    const before = openFds()
    const survivor = await start(backend)
    const peer = await Peer.connect({ host: '127.0.0.1', port: survivor.port })
    let total = Buffer.alloc(0)

    for (let i = 0; i < TIMES; ++i) {
      const victim = await start(backend)
      const noisy = await Promise.all(
        [1, 2, 3].map(() => Peer.connect({ host: '127.0.0.1', port: victim.port })),
      )
      for (const each of noisy) keepBusy(each)
      const bytes = noise(50_000)
      total = Buffer.concat([total, bytes])
      const answered = peer.send(bytes)
      await Promise.all(noisy.map((each) => each.awaitBytes(100_000)))
      await victim.worker.terminate()
      await Promise.all(noisy.map((each) => each.awaitClosedOrEnded()))
      for (const each of noisy) each.socket.destroy()
      await answered
      await peer.expectBytes(total)
    }

    closePeers()
    await survivor.worker.terminate()
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
    expect(openFds()).toEqual(before)
  })

  it('end by themselves when their reactor closes', async () => {
    const { worker, port } = await start(backend)
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await peer.send('hello')
    await peer.expectBytes('hello')
    const ended = new Promise<number>((resolve) => worker.once('exit', resolve))
    worker.postMessage('close')
    await peer.awaitClosedOrEnded()
    expect(await patiently(ended, 'the worker to end')).toBe(0)
  })
})

async function start(backend: BackendName): Promise<{ worker: Worker; port: number }> {
  const worker = new Worker(fixture('echo_worker.mjs'), { workerData: { backend } })
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
  const port = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { worker, port: await patiently(port, "the worker's port") }
}

/** Sends back whatever comes, for as long as there is somebody. */
function keepBusy(peer: Peer) {
  peer.socket.on('data', (chunk) => peer.socket.writable && peer.socket.write(chunk))
  peer.socket.write(noise(20_000))
}
