import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Fanout } from '../../src/modes/fanout.js'
import type { ModeContext } from '../../src/modes/mode.js'
import { contextFor } from '../support/mode-context.js'
import { serve, startProgram, unusedPort } from '../support/servers.js'
import { testValues } from '../support/values.js'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const SIZE = 100

async function against(
  starting: Promise<{ port: number; close: () => unknown }>,
  options?: Partial<ModeContext>,
) {
  const server = await starting
  closing.push(server.close)
  const { context, record, close } = contextFor(server.port, options)
  closing.push(close)
  return { fanout: new Fanout(context, testValues(SIZE), SIZE), record }
}

/** Passes on what comes, by `send`, to each of all sockets. */
function passingOn(send: (socket: Socket, data: Buffer, index: number, message: number) => void) {
  const all: Socket[] = []
  let messages = 0
  return serve((socket) => {
    all.push(socket)
    socket.on('data', (data) => {
      messages++
      for (const [index, each] of all.entries()) if (!each.destroyed) send(each, data, index, messages)
    })
  })
}

describe('the mode fanout', () => {
  it.each(['topic', 'broadcast'])('measures a server that passes on by %s', async (by) => {
    const starting = startProgram('bench/peers/pollux-fanout.mjs', ['--by', by])
    const { fanout, record } = await against(starting, { connections: 200 })
    await fanout.start()
    await record.until(({ messages }) => messages >= 20_000)
    await fanout.stop()
    expect(record.errors).toEqual({})
    // Everybody got each message, all of which was compared, and there is one latency for each.
    expect(record.messages).toBe(record.latencies.length * 200)
    expect(record.verifiedBytes).toBe(record.messages * SIZE)
  })

  it('waits for the last one', async () => {
    const { fanout, record } = await against(
      passingOn((socket, data, index) => {
        if (index === 2) setTimeout(() => socket.write(data), 20)
        else socket.write(data)
      }),
    )
    await fanout.start()
    await record.until(({ messages }) => messages >= 20)
    await fanout.stop()
    expect(record.messages).toBe(record.latencies.length * 4)
    for (const latency of record.latencies) expect(latency).toBeGreaterThan(15e6)
  })

  it('finds a wrong byte, and goes on with the others', async () => {
    const { fanout, record } = await against(
      passingOn((socket, data, index, message) => {
        const wrong = index === 1 && message === 50
        socket.write(wrong ? Buffer.from(data.map((byte, at) => (at === 99 ? byte ^ 1 : byte))) : data)
      }),
    )
    await fanout.start()
    await record.until(({ latencies }) => latencies.length >= 100)
    await fanout.stop()
    expect(record.errors).toEqual({ 'wrong answer': 1 })
  })

  it('finds a message that comes twice', async () => {
    const { fanout, record } = await against(
      passingOn((socket, data, index, message) => {
        socket.write(data)
        if (index === 3 && message === 50) socket.write(data)
      }),
    )
    await fanout.start()
    await record.until(({ latencies }) => latencies.length >= 100)
    await fanout.stop()
    expect(record.errors).toEqual({ 'wrong answer': 1 })
  })

  it('notices that somebody does not get it', async () => {
    const { fanout, record } = await against(
      passingOn((socket, data, index, message) => {
        if (index !== 3 || message !== 5) socket.write(data)
      }),
      { timeoutMs: 200 },
    )
    await fanout.start()
    await record.until(({ latencies }) => latencies.length >= 100)
    await fanout.stop()
    expect(record.errors).toEqual({ timeout: 1 })
  })

  it('goes on where the sender is lost', async () => {
    const { fanout, record } = await against(
      passingOn((socket, data, index, message) => {
        if (index === 0 && message === 50) socket.destroy()
        else socket.write(data)
      }),
      { timeoutMs: 500 },
    )
    await fanout.start()
    await record.until(({ latencies }) => latencies.length >= 100)
    await fanout.stop()
    expect(record.errors).toEqual({ 'closed by the server': 1 })
  })

  it('says that a server passes nothing on', async () => {
    const echo = serve((socket) => socket.on('data', (data) => socket.write(data)))
    const { fanout } = await against(echo, { timeoutMs: 300 })
    await expect(fanout.start()).rejects.toThrow(
      '3 of 4 connections have got no message in 300 ms; is this a server that passes messages of 100 bytes on to all?',
    )
  })

  it('waits until the server has accepted everybody', async () => {
    const late: Socket[] = []
    const accepting = serve((socket, number) => {
      const join = () => late.push(socket)
      if (number === 3) setTimeout(join, 250)
      else join()
      socket.on('data', (data) => {
        for (const each of late) each.write(data)
      })
    })
    const { fanout, record } = await against(accepting)
    await fanout.start()
    expect(late).toHaveLength(4)
    await record.until(({ latencies }) => latencies.length >= 5)
    await fanout.stop()
    expect(record.errors).toEqual({})
  })

  it('rejects where nobody listens', async () => {
    const { context, close } = contextFor(await unusedPort())
    closing.push(close)
    await expect(new Fanout(context, testValues(SIZE), SIZE).start()).rejects.toThrow(/ECONNREFUSED/)
  })
})
