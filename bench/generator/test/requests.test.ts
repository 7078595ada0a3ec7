import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Options, parseOptions } from '../src/options.js'
import { LocalWorker } from '../src/worker.js'
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
    const begin = performance.now()
    const { code, stdout } = await polluxBench([
      ...['tcp', target, '--connections', '1', '--size', '100', '--rate', '1000'],
      ...['--warmup', '0', '--duration', '0.5', '--rounds', '1', '--json', '-'],
    ])
    const [round] = JSON.parse(stdout).rounds
    const around = (performance.now() - begin) / 1000 - round.seconds
    expect(code).toBe(0)
    expect(round.messages).toBeGreaterThan(0)
    expect(round.bytes).toBe(round.messages * 100)
    expect(bytes / 100).toBeGreaterThanOrEqual(round.messages)
    // What the server counted beyond that was due before or after the window, or under way when it ended.
    expect(bytes / 100 - round.messages).toBeLessThanOrEqual(1000 * around + 1)
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

  it('are waited for as long as --busy-poll says', () => {
    const options = parseOptions(['tcp', '127.0.0.1:1', '--busy-poll', '7']) as Options
    expect(options.busyPollUs).toBe(7)
    // It reaches the event loop, which alone knows what it takes.
    expect(() => new LocalWorker({ ...options, busyPollUs: -1 }, 0)).toThrow('busyPollUs')
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
    let begin: NodeJS.Timeout | undefined
    let stalled = false
    const held: [Socket, Buffer][] = []
    const stall = () => {
      stalled = true
      setTimeout(() => {
        stalled = false
        for (const [socket, data] of held) socket.write(data)
      }, 300)
    }
    const { target } = await listen((socket) => {
      socket.setNoDelay(true)
      socket.on('data', (data) => {
        // In the midst of the run, however long the process took to begin.
        begin ??= setTimeout(stall, 500)
        if (stalled) held.push([socket, data])
        else socket.write(data)
      })
    })
    onTestFinished(() => clearTimeout(begin))
    return { target, held }
  }

  it('stands in the 90th percentile of an open loop', async () => {
    const { target } = await stallingOnce()
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
  })

  it('is seen by four requests of a closed loop, which sent no more', async () => {
    const { target, held } = await stallingOnce()
    const { result } = await measure('tcp', target, '--connections', '4', '--duration', '1.5')
    expect(result.latency.corrected).toBe(false)
    // No more than these can show the stall, however many were answered before and after it.
    expect(held.length).toBeLessThanOrEqual(4)
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

  it('of a rate that nobody can keep up ends when it shall', async () => {
    const { target } = await listen(echo)
    const { code, result } = await measure('tcp', target, '--connections', '3', '--rate', '1e9')
    expect(code).toBe(0)
    expect(result.rounds[0]?.messages).toBeGreaterThan(0)
    expect(result.percentilesUs.p50).toBeGreaterThan(1000)
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
