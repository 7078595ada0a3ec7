import { afterEach, describe, expect, it } from 'vitest'
import { Churn } from '../../src/modes/churn.js'
import type { ModeContext } from '../../src/modes/mode.js'
import { prepareHttp } from '../../src/protocols/http.js'
import { isLoopback, SourceAddresses } from '../../src/sockets/source-addresses.js'
import { contextFor } from '../support/mode-context.js'
import { serve, startProgram, unusedPort } from '../support/servers.js'
import { sizes, testValues } from '../support/values.js'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function against(
  starting: Promise<{ port: number; close: () => unknown }>,
  options?: Partial<ModeContext>,
) {
  const server = await starting
  closing.push(server.close)
  const { context, record, close } = contextFor(server.port, options)
  closing.push(close)
  return { churn: new Churn(context), record, context }
}

describe('the mode churn', () => {
  it('connects, asks, is answered and closes, again and again', async () => {
    let open = 0
    let most = 0
    let ended = 0
    const echo = serve((socket) => {
      most = Math.max(most, ++open)
      socket.on('data', (data) => socket.write(data))
      socket.on('end', () => {
        ended++
        open--
      })
    })
    const { churn, record } = await against(echo, { connections: 3, depth: 2 })
    await churn.start()
    await record.until(({ messages }) => messages >= 200)
    await churn.stop()
    expect(record.errors).toEqual({})
    expect(record.latencies).toHaveLength(record.messages)
    expect(Math.min(...record.latencies)).toBeGreaterThan(0)
    // Two answers of 8 bytes on each connection, all of them compared.
    expect(record.bytes).toBe(record.messages * 16)
    expect(record.verifiedBytes).toBe(record.bytes)
    // The server may see some ends a little later.
    expect(ended).toBeGreaterThanOrEqual(record.messages - 3)
    expect(most).toBeLessThanOrEqual(2 * 3)
  })

  it('comes from many addresses where it is told to', async () => {
    const from = new Set<string>()
    const echo = serve((socket) => {
      from.add(String(socket.remoteAddress))
      socket.on('data', (data) => socket.write(data))
    })
    const { churn, record, context } = await against(echo)
    context.destination.sources = new SourceAddresses(249)
    await churn.start()
    await record.until(({ messages }) => messages >= 300)
    await churn.stop()
    expect(from.size).toBeGreaterThanOrEqual(300)
    expect(from).toContain('127.1.0.250')
    expect(from).toContain('127.1.1.1')
    expect(from).toContain('127.1.2.1')
  })

  it.each(['examples/dist/echo.js', 'bench/peers/net.mjs'])('measures %s', async (program) => {
    const { churn, record } = await against(startProgram(program), { connections: 20 })
    await churn.start()
    await record.until(({ messages }) => messages >= 1000)
    await churn.stop()
    expect(record.errors).toEqual({})
    expect(record.verifiedBytes).toBe(record.messages * 8)
  })

  it('speaks any protocol, and takes an answer that ends with the connection', async () => {
    const http = serve((socket) => {
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'))
    })
    const open = prepareHttp({
      host: 'localhost',
      method: 'GET',
      path: '/',
      headers: [],
      body: undefined,
      keys: 1,
      sizes: sizes(1),
      values: testValues(1),
      verify: true,
      seed: 1,
    })
    const { churn, record } = await against(http, { open })
    await churn.start()
    await record.until(({ messages }) => messages >= 50)
    await churn.stop()
    expect(record.errors).toEqual({})
    expect(record.verifiedBytes).toBeGreaterThan(0)
  })

  it('begins as many in a second as it is told, and counts their time from when they should have begun', async () => {
    const late = serve((socket) => socket.on('data', (data) => setTimeout(() => socket.write(data), 20)))
    // One at a time, 20 ms each: at 1000 a second the hundredth is due long before there is room for it.
    const { churn, record } = await against(late, { connections: 1, rate: 1000 })
    await churn.start()
    await record.until(({ messages }) => messages >= 20)
    await churn.stop()
    const { latencies } = record
    expect(latencies[19]).toBeGreaterThan((latencies[0] as number) + 18 * 15e6)

    const quick = serve((socket) => socket.on('data', (data) => socket.write(data)))
    const paced = await against(quick, { connections: 10, rate: 200 })
    const begun = performance.now()
    await paced.churn.start()
    await paced.record.until(({ messages }) => messages >= 41)
    // The 41st is due after 200 ms, never before.
    expect(performance.now() - begun).toBeGreaterThan(195)
    await paced.churn.stop()
  })

  it.each([
    ['a wrong byte', 'wrong answer', (data: Buffer) => Buffer.from(data.map((byte) => byte ^ 1))],
    ['a byte too many', 'wrong answer', (data: Buffer) => Buffer.concat([data, data])],
  ])('finds %s', async (_, kind, spoil) => {
    const wrong = serve((socket, number) => {
      socket.on('data', (data) => socket.write(number % 10 === 9 ? spoil(data) : data))
    })
    const { churn, record } = await against(wrong)
    await churn.start()
    await record.until(({ errors }) => (errors[kind] ?? 0) >= 3)
    await churn.stop()
    expect(Object.keys(record.errors)).toEqual([kind])
    expect(record.messages).toBeGreaterThanOrEqual(20)
  })

  it('counts servers that hang up, reset or say nothing', async () => {
    const rude = serve((socket, number) => {
      if (number % 4 === 0) socket.end()
      else if (number % 4 === 1) socket.on('data', () => socket.resetAndDestroy())
      else if (number % 4 === 2) socket.on('data', (data) => socket.write(data))
    })
    const { churn, record } = await against(rude, { timeoutMs: 200 })
    await churn.start()
    await record.until(({ errors }) => (errors.timeout ?? 0) >= 5)
    await churn.stop()
    expect(Object.keys(record.errors).sort()).toEqual(['ECONNRESET', 'closed by the server', 'timeout'])
    expect(record.messages).toBeGreaterThan(0)
  })

  it('rejects where nobody listens, and leaves nothing behind', async () => {
    const port = await unusedPort()
    const { context, record, close } = contextFor(port)
    closing.push(close)
    await expect(new Churn(context).start()).rejects.toThrow(/ECONNREFUSED/)
    expect(record.messages).toBe(0)
  })

  it('goes on where a server goes away and comes back', async () => {
    const server = await startProgram('examples/dist/echo.js')
    const { churn, record } = await against(Promise.resolve(server))
    closing.length = 0
    await churn.start()
    await record.until(({ messages }) => messages >= 10)
    await server.close()
    await record.until(({ errors }) => (errors['connect ECONNREFUSED'] ?? 0) >= 10)
    const again = await startProgram('examples/dist/echo.js', ['--port', String(server.port)])
    closing.push(again.close)
    const { messages } = record
    await record.until((now) => now.messages >= messages + 10)
    await churn.stop()
  })
})

describe('source addresses', () => {
  it('are 16,000 different ones, and none is a net or a broadcast', () => {
    const addresses = new SourceAddresses(15_999)
    const all = Array.from({ length: 16_000 }, () => addresses.next())
    expect(new Set(all).size).toBe(16_000)
    expect(addresses.next()).toBe(all[0])
    for (const address of all)
      expect(address).toMatch(/^127\.1\.([0-9]|[1-5][0-9]|6[0-3])\.([1-9]\d?|1\d\d|2[0-4]\d|250)$/)
  })

  it('are for targets on loopback', () => {
    expect(['127.0.0.1', '127.9.8.7', '10.0.0.1', '::1', 'localhost'].map(isLoopback)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
