import type { Socket } from 'node:net'
import { EventLoop, Op } from '@pollux/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connect, DialedChannel } from '../src/dial.js'
import { parseOptions } from '../src/options.js'
import { QueueProbe } from '../src/queue-probe.js'
import { listen } from './support/servers.js'

class Paused extends DialedChannel {
  override onConnect(errno: number): void {
    this.submit(Op.PAUSE)
    super.onConnect(errno)
  }

  override fail(error: unknown): void {
    throw error
  }
}

describe('the queue in front of the generator', () => {
  it('is the share of the connections that have something to read', async () => {
    const sockets: Socket[] = []
    const { target } = await listen((socket) => sockets.push(socket))
    const loop = new EventLoop()
    const probe = new QueueProbe(loop)
    onTestFinished(() => {
      probe.stop()
      loop.close()
    })
    const options = parseOptions(['tcp', target])
    for (let i = 0; i < 4; i++) {
      await connect(loop, options as NonNullable<typeof options>, i, (...place) => new Paused(...place))
    }
    await vi.waitFor(() => expect(sockets).toHaveLength(4), 10_000)
    expect(probe.take()).toBe(0)
    for (const socket of sockets.slice(0, 3)) socket.write('waits')
    await vi.waitFor(() => expect(probe.take()).toBe(0.75), { timeout: 10_000, interval: 50 })
  })
})
