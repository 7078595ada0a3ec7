import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { measure, polluxBench } from './support/command.js'
import { echo, listen } from './support/servers.js'

describe('requests and replies', () => {
  it('counts what the server counted', async () => {
    let bytes = 0
    const { target } = await listen((socket) => {
      socket.on('data', (data) => {
        bytes += data.length
        socket.write(data)
      })
    })
    // One connection, so that a run which ends has nothing under way; a warm-up of nothing, so that all of it counts.
    const { code, stdout } = await polluxBench([
      ...['tcp', target, '--connections', '1', '--size', '100'],
      ...['--warmup', '0', '--duration', '0.3', '--rounds', '1', '--json', '-'],
    ])
    const { rounds } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(rounds[0].messages).toBeGreaterThan(100)
    expect(rounds[0].bytes).toBe(rounds[0].messages * 100)
    // What was under way at the end of the window, and in the moments before and after it.
    expect(bytes / 100).toBeGreaterThanOrEqual(rounds[0].messages)
    expect(bytes / 100 - rounds[0].messages).toBeLessThan(200)
  })

  it.each([
    ['64', 1],
    ['1-5000', 7],
    ['1:50,70000:1,3:49', 3],
    ['exp:300', 16],
    ['1M', 1],
  ])('of %s bytes, %i in flight, come back byte by byte', async (size, depth) => {
    const { target } = await listen(echo)
    const flags = ['--connections', '5', '--size', size, '--depth', String(depth), '--verify']
    const { code, result } = await measure('tcp', target, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    const sum = (field: 'bytes' | 'verifiedBytes') =>
      result.rounds.reduce((all, round) => all + round[field], 0)
    expect(sum('bytes')).toBeGreaterThan(0)
    expect(sum('verifiedBytes')).toBe(sum('bytes'))
  })

  it('over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { target } = await listen(echo, join(folder, 'echo.sock'))
    const { code, result } = await measure('unix', target, '--verify')
    expect(code).toBe(0)
    expect(result.rounds[0]?.messages).toBeGreaterThan(0)
  })

  it('of several workers are counted together', async () => {
    const seen = new Set<Socket>()
    const { target } = await listen((socket) => {
      seen.add(socket)
      echo(socket)
    })
    const { code, result } = await measure('tcp', target, '--connections', '7', '--workers', '3', '--verify')
    expect(code).toBe(0)
    expect(seen.size).toBe(7)
    expect(result.workers).toBe(3)
    expect(result.rounds).toHaveLength(2)
    expect(result.rounds[0]?.messages).toBeGreaterThan(0)
  })

  it('come from many addresses where there are more connections than ports', async () => {
    const from = new Set<string | undefined>()
    const { target } = await listen((socket) => {
      from.add(socket.remoteAddress)
      echo(socket)
    })
    await measure('tcp', target, '--connections', '300', '--source-addresses')
    expect(from.size).toBe(300)
  })
})

describe('the latency of a server that stalls for 300 ms', () => {
  /** Each connection's bytes wait while it stalls, as they do when a server collects garbage. */
  async function stallingOnce() {
    let stalled = false
    const held: [Socket, Buffer][] = []
    const { target } = await listen((socket) => {
      socket.setNoDelay(true)
      socket.on('data', (data) => {
        if (stalled) held.push([socket, data])
        else socket.write(data)
      })
    })
    const begin = setTimeout(() => {
      stalled = true
      setTimeout(() => {
        stalled = false
        for (const [socket, data] of held) socket.write(data)
      }, 300)
    }, 600)
    onTestFinished(() => clearTimeout(begin))
    return target
  }

  it('stands in the 90th percentile of an open loop', async () => {
    const target = await stallingOnce()
    const { result } = await measure(
      'tcp',
      target,
      '--connections',
      '4',
      '--rate',
      '1000',
      '--duration',
      '1.5',
    )
    expect(result.latency.corrected).toBe(true)
    // A fifth of the requests were due in the stall, and waited for 150 ms on average.
    expect(result.percentilesUs.p90).toBeGreaterThan(50_000)
    expect(result.percentilesUs.p50).toBeLessThan(50_000)
  })

  it('is seen by four requests of a closed loop, which sent no more', async () => {
    const target = await stallingOnce()
    const { result } = await measure('tcp', target, '--connections', '4', '--duration', '1.5')
    expect(result.latency.corrected).toBe(false)
    expect(result.percentilesUs.p99).toBeLessThan(50_000)
    expect(result.percentilesUs.max).toBeGreaterThan(250_000)
  })
})

describe('an open loop', () => {
  it('sends as many requests as it was told', async () => {
    const { target } = await listen(echo)
    const begun = performance.now()
    const flags = ['--connections', '10', '--rate', '2000', '--duration', '1']
    const { code, result } = await measure('tcp', target, ...flags)
    expect(code).toBe(0)
    const messages = result.rounds.reduce((sum, round) => sum + round.messages, 0)
    // What is late on a busy machine comes later; a closed loop would send many times as many.
    expect(messages).toBeGreaterThan(0)
    expect(messages).toBeLessThanOrEqual(2 * (performance.now() - begun))
    expect(result.loop).toEqual({ kind: 'open', rate: 2000 })
  })

  it('says that a server which is too slow makes its users wait', async () => {
    // 2 connections × 100 replies a second, where 1000 are asked for: the queue grows by 0.8 s each second.
    const { target } = await listen((socket) => {
      let free = Promise.resolve()
      socket.on('data', (data) => {
        free = free
          .then(() => new Promise((resolve) => setTimeout(resolve, 10)))
          .then(() => void socket.write(data))
      })
    })
    const { result } = await measure('tcp', target, '--connections', '2', '--rate', '1000', '--duration', '1')
    expect(result.percentilesUs.p99).toBeGreaterThan(400_000)
  })
})
