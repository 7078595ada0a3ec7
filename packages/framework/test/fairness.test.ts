// Nobody starves: neither timers and other I/O under a flood, nor one connection beside a hundred loud ones.
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { connect } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, noise, Peer, patiently } from './support/raw.js'
import { echo, expectEcho, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()

/** Floods a port from a thread of its own: with node:net, so that it is not this loop that sends. */
const FLOOD = `
  const { connect } = require('node:net')
  const { port, connections } = require('node:worker_threads').workerData
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, '127.0.0.1')
    const go = () => { while (socket.writable && socket.write(Buffer.alloc(20000))); }
    socket.on('connect', go).on('drain', go).on('error', () => {}).resume()
  }
`

describe.each(BACKENDS)('under a flood on %s', (backend) => {
  it.each([{ borrow: false }, { borrow: true }])(
    'timers, files and a quiet connection go on, %o',
    async ({ borrow }) => {
      const service = await serve({ ...echo, borrow, loop: loopOn(backend) })
      const { server, port } = service
      const quiet = await Peer.connect({ host: '127.0.0.1', port })
      const flood = new Worker(FLOOD, { eval: true, workerData: { port, connections: 100 } })
      try {
        await eventually(
          'the flood',
          () => server.connections === 101 && server.loop.counter('bytesRead') > 10_000_000,
        )
        const ticking = new Promise<number>((resolve) => {
          const begun = server.loop.counter('bytesRead')
          let ticks = 0
          const interval = setInterval(() => {
            if (++ticks < 20) return
            clearInterval(interval)
            resolve(server.loop.counter('bytesRead') - begun)
          }, 1)
        })
        expect(await patiently(ticking, '20 ticks')).toBeGreaterThan(0)
        await patiently(readFile(new URL(import.meta.url)), 'a file')
        for (let i = 0; i < 5; ++i) await expectEcho(quiet, noise(1000))
      } finally {
        await flood.terminate()
      }
      await eventually('the flood to end', () => server.connections === 1)
      await expectEcho(quiet, noise(100_000))
    },
  )

  it('of handlers that answer each other for ever, timers go on', async () => {
    const service = await serve({ loop: loopOn(backend), data: (conn, chunk) => conn.write(chunk) })
    const clients = await Promise.all(
      Array.from({ length: 20 }, () =>
        connect(
          { host: '127.0.0.1', port: service.port },
          { loop: service.server.loop, data: (conn, chunk) => conn.write(chunk) },
        ),
      ),
    )
    for (const client of clients) client.write('ping')
    let ticks = 0
    while (ticks < 20) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      ticks++
    }
    expect(service.server.loop.counter('events')).toBeGreaterThan(100)
    for (const client of clients) client.destroy()
  })
})
