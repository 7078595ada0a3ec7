import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { measure, polluxBench } from './support/command.js'
import { startProgram } from './support/programs.js'
import { total } from './support/totals.js'

/** Answers datagrams as told; `count` is the number of the datagram, from 0. */
async function answering(answer: (send: (bytes: Buffer) => void, data: Buffer, count: number) => void) {
  const socket = createSocket('udp4')
  let count = 0
  let isOpen = true
  socket.on('close', () => {
    isOpen = false
  })
  socket.on('message', (data, { port, address }: RemoteInfo) => {
    const send = (bytes: Buffer) => {
      if (isOpen) socket.send(bytes, port, address)
    }
    answer(send, data, count++)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { target: `127.0.0.1:${socket.address().port}`, count: () => count }
}

const FEW = ['--connections', '4', '--depth', '2', '--verify']

describe('udp', () => {
  it.each([
    ['examples/dist/udp-echo.js', '64', '1'],
    ['examples/dist/udp-echo.js', '12-1400', '2'],
    ['bench/peers/node-dgram-echo.mjs', '8k', '1'],
  ])('measures %s with %s bytes, %s workers', async (program, size, workers) => {
    const { target, pid } = await startProgram(program)
    const flags = ['--size', size, '--workers', workers, '--server-pid', String(pid)]
    const { code, result } = await measure('udp', target, ...FEW, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'verifiedBytes')).toBe(total(result, 'bytes'))
    expect(total(result, 'lost')).toBe(0)
    expect(result.rounds[0]?.server?.cpuSeconds).toBeGreaterThan(0)
  })

  it('counts those that do not come back, and sends others', async () => {
    const { target } = await answering((send, data, count) => {
      if (count % 50 !== 49) send(data)
    })
    const { code, result } = await measure('udp', target, ...FEW, '--timeout', '20', '--duration', '1')
    // Datagrams may get lost.
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    const lost = total(result, 'lost')
    expect(lost).toBeGreaterThan(0)
    expect(lost / total(result, 'messages')).toBeGreaterThan(0.01)
    expect(result.verdict.notes.join()).toMatch(/\d+ datagrams \([\d.]+%\) did not come back/)
  })

  it('knows which one came, whatever their order', async () => {
    const held: (() => void)[] = []
    const { target } = await answering((send, data) => {
      // Two by two, the later one first.
      held.push(() => send(Buffer.from(data)))
      if (held.length === 2) for (const answer of held.splice(0).reverse()) answer()
    })
    const { code, result } = await measure('udp', target, '--connections', '1', '--depth', '2', '--verify')
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'lost')).toBe(0)
  })

  it('leaves out what comes too late: it is lost already', async () => {
    const { target } = await answering((send, data, count) => {
      if (count % 20 === 19) setTimeout(() => send(Buffer.from(data)), 100)
      else send(data)
    })
    const { code, result } = await measure('udp', target, ...FEW, '--timeout', '30', '--duration', '1')
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'lost')).toBeGreaterThan(0)
    expect(result.percentilesUs.max).toBeLessThan(100_000)
  })

  it.each([
    [
      'a wrong byte',
      'wrong bytes in datagram ',
      (send: (bytes: Buffer) => void, data: Buffer) => {
        data[data.length - 1] = (data.at(-1) as number) ^ 1
        send(data)
      },
    ],
    [
      'one that comes twice',
      'again',
      (send: (bytes: Buffer) => void, data: Buffer) => {
        send(data)
        send(data)
      },
    ],
    [
      'one that was cut',
      '63 of 64 bytes of datagram ',
      (send: (bytes: Buffer) => void, data: Buffer) => send(data.subarray(0, -1)),
    ],
    [
      "one of another's",
      'got a datagram that it had not sent',
      (send: (bytes: Buffer) => void, data: Buffer) => {
        data[3] = 77
        send(data)
      },
    ],
    ['none at all', 'got a datagram of 3 bytes', (send: (bytes: Buffer) => void) => send(Buffer.from('abc'))],
  ])('finds %s', async (_, message, spoil) => {
    const { target } = await answering((send, data) => {
      // One in four of each socket, however few a slow machine sends; not the first, which only asks whether we are there.
      if (data.readUInt32BE(4) % 4 !== 3) send(data)
      else spoil(send, data)
    })
    const { code, result } = await measure('udp', target, ...FEW, '--timeout', '50', '--duration', '1')
    expect(code).toBe(1)
    expect(Object.keys(result.errors)).toEqual(['wrong answer'])
    expect(result.verdict.notes.join()).toContain(message)
    // The others go on.
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('sends as many in a second as it is told', async () => {
    const { target } = await startProgram('examples/dist/udp-echo.js')
    const begun = performance.now()
    const { code, result } = await measure('udp', target, ...FEW, '--rate', '1000', '--duration', '1')
    expect(code).toBe(0)
    expect(result.latency.corrected).toBe(true)
    // It may be late, never early; a closed loop would make many times as many.
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'messages')).toBeLessThanOrEqual(performance.now() - begun)
  })

  it('waits for nobody for ever', async () => {
    const { target, count } = await answering(() => {})
    const { code, result } = await measure('udp', target, ...FEW, '--timeout', '50')
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBe(0)
    expect(total(result, 'lost')).toBeGreaterThan(0)
    expect(count()).toBeGreaterThan(10)
  })

  it('is an error from the beginning where the port is closed', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    socket.close()
    const { code, stderr } = await polluxBench(['udp', String(port)])
    expect(code).toBe(2)
    expect(stderr).toContain('ECONNREFUSED')
  })

  it.each(['11', '65508', '1-100'])('refuses --size %s', async (size) => {
    const { code, stderr } = await polluxBench(['udp', '1', '--size', size])
    expect(code).toBe(2)
    expect(stderr).toContain(`--size ${size}: a datagram that can be told from others has 12 to 65507 bytes`)
  })
})
