import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { measure, polluxBench } from './support/command.js'
import { startProgram } from './support/programs.js'
import { echo, listen } from './support/servers.js'
import { total } from './support/totals.js'

describe('churn', () => {
  it('connects, asks, is answered and closes, again and again', async () => {
    let connections = 0
    let open = 0
    let most = 0
    let ended = 0
    const { target } = await listen((socket) => {
      connections++
      most = Math.max(most, ++open)
      socket.on('end', () => ended++).on('close', () => open--)
      echo(socket)
    })
    const { code, result } = await measure('tcp', target, '--churn', '--connections', '3', '--verify')
    expect(code).toBe(0)
    expect(result.mode).toBe('churn')
    expect(total(result, 'messages')).toBeGreaterThan(0)
    // A message is a connection, and all of its 64 bytes were compared.
    expect(total(result, 'bytes')).toBe(total(result, 'messages') * 64)
    expect(total(result, 'verifiedBytes')).toBe(total(result, 'bytes'))
    expect(connections).toBeGreaterThanOrEqual(total(result, 'messages'))
    expect(ended).toBe(connections)
    // The server may notice some ends only after the next connection has come.
    expect(most).toBeLessThanOrEqual(2 * 3)
  })

  it('comes from addresses all over the loopback net', async () => {
    const from = new Set<string | undefined>()
    let connections = 0
    const { target } = await listen((socket) => {
      connections++
      from.add(socket.remoteAddress)
      echo(socket)
    })
    await measure('tcp', target, '--churn')
    // Ports are the kernel's choice, and there are 16,000 addresses before one comes again.
    expect(from.size).toBe(Math.min(connections, 16_000))
    for (const address of from) expect(address).toMatch(/^127\.\d+\.\d+\.\d+$/)
  })

  it.each(['tcp', 'http', 'resp'])('speaks %s', async (protocol) => {
    const program = { tcp: 'echo', http: 'http', resp: 'kv' }[protocol]
    const { target, pid } = await startProgram(`examples/dist/${program}.js`)
    const flags = { tcp: [], http: ['--path', '/hello'], resp: ['--command', 'SET a {size}'] }[
      protocol
    ] as string[]
    const more = ['--server-pid', String(pid), '--workers', '2', '--verify']
    const { code, result } = await measure(protocol, target, '--churn', ...flags, ...more)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(result.rounds[0]?.server?.cpuSeconds).toBeGreaterThan(0)
  })

  it('takes an answer that ends with the connection', async () => {
    const { target } = await listen((socket) => {
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'))
    })
    const { code, result } = await measure('http', target, '--churn', '--verify', '--connections', '1')
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('begins as many in a second as it is told', async () => {
    const { target } = await listen(echo)
    const begun = performance.now()
    const { code, result } = await measure('tcp', target, '--churn', '--rate', '200', '--duration', '1')
    expect(code).toBe(0)
    expect(result.latency.corrected).toBe(true)
    // It may be late, never early; a closed loop would make many times as many.
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'messages')).toBeLessThanOrEqual((200 * (performance.now() - begun)) / 1000)
  })

  it('counts latency from when a connection was due, where there was no room for it', async () => {
    const { target } = await listen((socket) =>
      socket.on('data', (data) => setTimeout(() => socket.write(data), 20)),
    )
    // One at a time, 20 ms each: at 1000 a second what is due waits longer and longer.
    const { result } = await measure('tcp', target, '--churn', '--rate', '1000', '--connections', '1')
    expect(result.percentilesUs.max).toBeGreaterThan(100_000)
  })

  it.each([
    ['a wrong byte', (data: Buffer) => Buffer.from(data.map((byte) => byte ^ 1))],
    ['a byte too many', (data: Buffer) => Buffer.concat([data, data])],
  ])('finds %s, and goes on', async (_, spoil) => {
    let connections = 0
    const { target } = await listen((socket) => {
      const isWrong = ++connections % 10 === 0
      socket.on('data', (data) => socket.write(isWrong ? spoil(data) : data))
    })
    const { code, result } = await measure('tcp', target, '--churn', '--connections', '4', '--verify')
    expect(code).toBe(1)
    expect(Object.keys(result.errors)).toEqual(['wrong answer'])
    // One in ten, of what came until the end of the last round and a little later.
    const wrong = result.errors['wrong answer'] as number
    expect(wrong).toBeGreaterThanOrEqual(Math.floor(total(result, 'messages') / 10))
    expect(wrong).toBeLessThanOrEqual(connections / 10)
  })

  it('counts servers that hang up, reset or say nothing', async () => {
    let connections = 0
    const deeds = [
      (socket: Socket) => socket.end(),
      (socket: Socket) => socket.on('data', () => socket.resetAndDestroy()),
      () => {},
      echo,
    ]
    const { target } = await listen((socket) => deeds[connections++ % 4]?.(socket))
    const { code, result } = await measure('tcp', target, '--churn', '--timeout', '20', '--duration', '1')
    expect(code).toBe(1)
    const kinds = Object.keys(result.errors)
    expect(kinds).toContain('closed by the server')
    expect(kinds).toContain('recv ECONNRESET')
    expect(kinds).toContain('no answer')
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('goes on, not too fast, where the server goes away', async () => {
    const { server, target } = await listen((socket) => {
      echo(socket)
      socket.once('data', () => server.close())
    })
    const begun = performance.now()
    const { code, result } = await measure(
      'tcp',
      target,
      '--churn',
      '--connections',
      '5',
      '--duration',
      '0.5',
    )
    expect(code).toBe(1)
    const refused = result.errors['connect ECONNREFUSED'] as number
    expect(refused).toBeGreaterThan(0)
    // Five places, each of which waits 10 ms.
    expect(refused).toBeLessThan((5 * (performance.now() - begun)) / 9)
  })

  it('is an error from the beginning where nobody listens', async () => {
    const { server, target } = await listen(echo)
    server.close()
    const { code, stderr } = await polluxBench(['tcp', target, '--churn'])
    expect(code).toBe(2)
    expect(stderr).toContain('ECONNREFUSED')
  })
})
