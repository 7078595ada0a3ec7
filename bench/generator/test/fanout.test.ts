import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { measure, polluxBench } from './support/command.js'
import { startProgram } from './support/programs.js'
import { echo, listen } from './support/servers.js'
import { total } from './support/totals.js'

/** Passes on what comes, by `send`, to each of all sockets. */
async function passingOn(send: (socket: Socket, data: Buffer, index: number, message: number) => void) {
  const all: Socket[] = []
  let messages = 0
  const { target } = await listen((socket) => {
    all.push(socket)
    socket.on('data', (data) => {
      messages++
      for (const [index, each] of all.entries()) if (!each.destroyed) send(each, data, index, messages)
    })
  })
  return target
}

const fanout = (target: string, ...flags: string[]) =>
  measure('tcp', target, '--fanout', '--connections', '4', '--size', '100', ...flags)

describe('fan-out', () => {
  it.each(['topic', 'broadcast'])('measures a server that passes on by %s', async (by) => {
    const { target, pid } = await startProgram('bench/peers/pollux-fanout.mjs', '--by', by)
    const { code, result } = await fanout(target, '--connections', '200', '--server-pid', String(pid))
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'bytes')).toBeGreaterThan(0)
    // All that came was compared.
    expect(total(result, 'verifiedBytes')).toBe(total(result, 'bytes'))
    expect(result.rounds[0]?.server?.cpuSeconds).toBeGreaterThan(0)
  })

  it('counts what arrives, and times the last', async () => {
    const target = await passingOn((socket, data, index) => {
      if (index === 2) setTimeout(() => socket.write(data), 20)
      else socket.write(data)
    })
    const { result } = await fanout(target, '--duration', '1')
    const rate = total(result, 'messages') / result.rounds.reduce((sum, { seconds }) => sum + seconds, 0)
    // Four in 20 ms or more.
    expect(rate).toBeGreaterThan(0)
    expect(rate).toBeLessThan(4 * 55)
    expect(result.percentilesUs.p50).toBeGreaterThan(19_000)
  })

  it('finds a wrong byte, and goes on with the others', async () => {
    const target = await passingOn((socket, data, index, message) => {
      const isWrong = index === 1 && message === 15
      socket.write(isWrong ? Buffer.from(data.map((byte, at) => (at === 99 ? byte ^ 1 : byte))) : data)
    })
    const { code, result } = await fanout(target, '--duration', '1')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'wrong answer': 1 })
    expect(result.verdict.notes.join()).toContain('connection 1 got wrong bytes')
    expect(result.rounds.at(-1)?.messages).toBeGreaterThan(0)
  })

  it('finds a message that comes twice', async () => {
    const target = await passingOn((socket, data, index, message) => {
      socket.write(data)
      if (index === 3 && message === 15) socket.write(data)
    })
    const { code, result } = await fanout(target, '--duration', '1')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'wrong answer': 1 })
  })

  it('notices who does not get it', async () => {
    const target = await passingOn((socket, data, index, message) => {
      if (index !== 3 || message !== 50) socket.write(data)
    })
    const { code, result } = await fanout(target, '--timeout', '1000', '--duration', '3')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'no answer': 1 })
    expect(result.rounds.at(-1)?.messages).toBeGreaterThan(0)
  })

  it('goes on where the sender is lost, with another one', async () => {
    const target = await passingOn((socket, data, index, message) => {
      if (index === 0 && message === 15) socket.destroy()
      else socket.write(data)
    })
    const { code, result } = await fanout(target, '--duration', '1')
    expect(code).toBe(1)
    expect(Object.values(result.errors)).toEqual([1])
    expect(result.rounds.at(-1)?.messages).toBeGreaterThan(0)
  })

  it('waits until the server has accepted everybody', async () => {
    const members: Socket[] = []
    let connections = 0
    const { target } = await listen((socket) => {
      if (++connections === 4) setTimeout(() => members.push(socket), 250)
      else members.push(socket)
      socket.on('data', (data) => {
        for (const member of members) member.write(data)
      })
    })
    const { code, result } = await fanout(target)
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('says that a server passes nothing on', async () => {
    const { target } = await listen(echo)
    const flags = ['--fanout', '--connections', '4', '--size', '100', '--timeout', '300']
    const { code, stderr } = await polluxBench(['tcp', target, ...flags])
    expect(code).toBe(2)
    expect(stderr).toContain(
      '3 of 4 connections have got no message in 300 ms: is this a server that passes messages of 100 bytes (--size) on',
    )
  })

  it.each([
    [['udp', '1', '--fanout'], '--fanout sends plain bytes: give tcp or unix'],
    [['http', '1', '--fanout'], '--fanout sends plain bytes: give tcp or unix'],
    [['tcp', '1', '--fanout', '--size', '1-9'], '--fanout: all messages have the same --size, not 1-9'],
    [['tcp', '1', '--fanout', '--depth', '2'], 'with --fanout there is one message under way at a time'],
    [['tcp', '1', '--fanout', '--workers', '2'], '--fanout has one sender'],
  ])('refuses %j', async (command, why) => {
    expect(await polluxBench(command)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) })
  })
})
