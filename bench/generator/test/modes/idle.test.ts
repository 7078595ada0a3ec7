import { afterEach, describe, expect, it } from 'vitest'
import { measureIdle } from '../../src/modes/idle.js'
import type { ModeContext } from '../../src/modes/mode.js'
import { readMemory } from '../../src/server-memory.js'
import { contextFor } from '../support/mode-context.js'
import { serve, startProgram, unusedPort } from '../support/servers.js'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function against(
  starting: Promise<{ port: number; pid: number; close: () => unknown }>,
  options?: Partial<ModeContext>,
) {
  const server = await starting
  closing.push(server.close)
  const { context, record, close } = contextFor(server.port, options)
  closing.push(close)
  return { context, record, pid: server.pid }
}

describe('the mode idle', () => {
  it('measures what a connection costs the server that does nothing', async () => {
    const { context, pid, record } = await against(startProgram('bench/peers/net.mjs'), { connections: 2000 })
    const result = await measureIdle(context, pid)
    expect(result.connections).toBe(2000)
    expect(result.afterBytes.user).toBeGreaterThan(result.beforeBytes.user)
    expect(result.perConnectionBytes).toBe((result.afterBytes.user - result.beforeBytes.user) / 2000)
    // A socket of node:net takes some KiB; a kilobyte is what it can't do without.
    expect(result.perConnectionBytes).toBeGreaterThan(1000)
    expect(result.perConnectionBytes).toBeLessThan(100_000)
    expect(record.errors).toEqual({})
    // Every connection was answered, those of the warm-up too.
    expect(record.messages).toBe(2500)
  })

  it('sees memory that a server takes for each connection', async () => {
    const kept: Buffer[] = []
    const greedy = serve((socket) => {
      socket.on('data', (data) => {
        kept.push(Buffer.alloc(200_000, 1))
        socket.write(data)
      })
    })
    const { context, pid } = await against(greedy, { connections: 100 })
    const { perConnectionBytes } = await measureIdle(context, pid)
    expect(perConnectionBytes).toBeGreaterThan(150_000)
    expect(perConnectionBytes).toBeLessThan(1_000_000)
  })

  it('fails where a connection is not left open', async () => {
    const impatient = serve((socket, number) => {
      socket.on('data', (data) => socket.write(data))
      if (number === 25) setTimeout(() => socket.end(), 200)
    })
    const { context, pid } = await against(impatient, { connections: 20 })
    await expect(measureIdle(context, pid)).rejects.toThrow(
      'connection 5 was not left open while it was idle: the server closed the connection',
    )
  })

  it('fails where an answer is wrong, or does not come', async () => {
    const wrong = serve((socket) => socket.on('data', () => socket.write('12345678')))
    const first = await against(wrong)
    await expect(measureIdle(first.context, first.pid)).rejects.toThrow('no echo')
    const silent = serve(() => {})
    const second = await against(silent, { timeoutMs: 100 })
    await expect(measureIdle(second.context, second.pid)).rejects.toThrow('got no answer in 100 ms')
  })

  it('says what is wrong with the target or the pid', async () => {
    const { context, close } = contextFor(await unusedPort())
    closing.push(close)
    await expect(measureIdle(context, process.pid)).rejects.toThrow(/ECONNREFUSED/)
    expect(() => readMemory(2 ** 30)).toThrow(
      "memory of process 1073741824: there is no such process; give the server's own pid to --server-pid",
    )
  })
})
