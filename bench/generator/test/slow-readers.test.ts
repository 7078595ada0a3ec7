import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Result, SlowReadersResult } from '../src/result.js'
import { measure } from './support/command.js'
import { startProgram } from './support/programs.js'
import { listen } from './support/servers.js'
import { total } from './support/totals.js'

const MIB = 2 ** 20
const slowOf = ({ slowReaders }: Result) => slowReaders as SlowReadersResult
const growth = ({ serverBefore, serverAfter }: SlowReadersResult) => {
  if (serverBefore === undefined || serverAfter === undefined) throw new Error('memory was not read')
  return serverAfter.anonymous + serverAfter.shared - serverBefore.anonymous - serverBefore.shared
}

describe('slow readers', () => {
  it.each([
    ['tcp', 'echo', []],
    ['http', 'http', ['--path', '/hello']],
    ['resp', 'kv', ['--command', 'ECHO {size}', '--size', '1000']],
  ])('leave answers of %s unread, while the others are measured', async (protocol, program, flags) => {
    const { target, pid } = await startProgram(`examples/dist/${program}.js`)
    const more = ['--slow-readers', '5', '--connections', '4', '--server-pid', String(pid), '--verify']
    const { code, result } = await measure(protocol, target, ...more, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    const slow = slowOf(result)
    expect(slow.connections).toBe(5)
    expect(slow.gone).toBe(0)
    expect(slow.alone.messagesPerSecond).toBeGreaterThan(0)
    expect(slow.beside.messagesPerSecond).toBeGreaterThan(0)
    // Each was answered once; then it asked for far more than it read.
    expect(slow.readBytes).toBeGreaterThan(0)
    expect(slow.readBytes).toBeLessThan(10_000)
    expect(slow.sentBytes).toBeGreaterThan(100_000)
    // A server with backpressure keeps no more than its watermarks.
    expect(growth(slow)).toBeLessThan(64 * MIB)
    expect(result.verdict.notes.join()).toMatch(
      /beside 5 slow readers the others (suffered|did not suffer): \d+% of/,
    )
  })

  it('show that a server keeps all that they do not read', async () => {
    // In a process of its own: this one collects garbage of its own meanwhile.
    const { target, pid } = await startProgram('bench/generator/test/fixtures/keeps-all.mjs')
    const flags = ['--slow-readers', '3', '--connections', '2', '--size', '16k', '--server-pid', String(pid)]
    const { code, result } = await measure('tcp', target, ...flags, '--duration', '0.5')
    expect(code).toBe(0)
    const slow = slowOf(result)
    // 16 MiB each, of which the kernel's buffers hold a part.
    expect(slow.sentBytes).toBeGreaterThan(3 * 15 * MIB)
    expect(slow.sentBytes).toBeLessThan(3 * 17 * MIB)
    expect(growth(slow)).toBeGreaterThan(10 * MIB)
  })

  it('read as much as they may, in two workers', async () => {
    const { target } = await startProgram('examples/dist/echo.js')
    const flags = ['--slow-readers', '4', '--slow-rate', '512000', '--workers', '2', '--connections', '2']
    const { code, result } = await measure('tcp', target, ...flags, '--duration', '1')
    expect(code).toBe(0)
    const { rate, readBytes } = slowOf(result)
    expect(rate).toBe(512_000)
    expect(readBytes).toBeGreaterThan(100_000)
    // Three seconds at most to fill buffers, one to measure, and a little time at both ends; a chunk may be 64 KiB.
    expect(readBytes).toBeLessThan(4 * 512_000 * 8)
  })

  it('may be thrown out', async () => {
    let connections = 0
    const rude = (socket: Socket) => {
      const isSlow = ++connections > 2
      socket.on('data', (data) => {
        socket.write(data)
        if (isSlow && socket.writableLength > MIB) socket.destroy()
      })
    }
    const { target } = await listen(rude)
    const { code, result } = await measure('tcp', target, '--slow-readers', '3', '--connections', '2')
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(slowOf(result).gone).toBe(3)
  })
})
