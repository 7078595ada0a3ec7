// A channel in a worker that is ended in mid-traffic leaves nothing behind.
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { openFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { leaveNothingBehind, UdpPeer } from './support/datagrams.js'

leaveNothingBehind()

const CORE = new URL('../../dist/index.js', import.meta.url).href
const TIMES = 10

async function start(backend: string): Promise<{ worker: Worker; port: number }> {
  const source = `
    import('${CORE}').then(({ DatagramChannel, EventLoop }) => {
      const loop = new EventLoop({ backend: '${backend}' })
      const channel = DatagramChannel.open({ loop, bind: { host: '127.0.0.1', port: 0 }, gro: true, gso: true },
        { datagram: (channel) => channel.reply() })
      require('node:worker_threads').parentPort.postMessage(channel.localAddress.port)
    })`
  const worker = new Worker(source, { eval: true })
  const port = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { worker, port: await patiently(port, "the worker's port") }
}

describe.each(BACKENDS)('a worker with a channel on %s', (backend) => {
  it(`ended in mid-traffic ${TIMES} times leaves no descriptor`, async () => {
    const peer = await UdpPeer.bind()
    // What the first worker of a process opens for good is no leak.
    await (await start(backend)).worker.terminate()
    const before = openFds()
    for (let i = 0; i < TIMES; i++) {
      const { worker, port } = await start(backend)
      const count = peer.received.length
      let stopped = false
      const answer = () => {
        if (!stopped) peer.socket.send(Buffer.alloc(100), port, '127.0.0.1')
      }
      peer.socket.on('message', answer)
      for (let flying = 0; flying < 32; flying++) answer()
      await peer.awaitCount(count + 200)
      await worker.terminate()
      stopped = true
      peer.socket.off('message', answer)
    }
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
    expect(openFds()).toEqual(before)
  })
})
