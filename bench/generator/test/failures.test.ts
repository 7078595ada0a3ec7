import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { EventLoop, type SocketAddress } from '@pollux/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { reachable } from '../src/reach.js'
import { readCpuTimes } from '../src/server-process.js'
import { measure, polluxBench } from './support/command.js'
import { echo, listen, listenDeaf } from './support/servers.js'

/** Waits until a process has worked for 0.3 s: it is being asked. */
async function waitForCpu(pid: number): Promise<void> {
  const { cpuSeconds: begin } = readCpuTimes(pid)
  await vi.waitFor(() => expect(readCpuTimes(pid).cpuSeconds).toBeGreaterThan(begin + 0.3), {
    timeout: 20_000,
    interval: 20,
  })
}

/** A server; `begun` resolves when it was asked for the first time. */
async function listenUntilAsked(onConnection: (socket: Socket) => void) {
  let asked = () => {}
  const begun = new Promise<void>((resolve) => {
    asked = resolve
  })
  const { target } = await listen((socket) => {
    onConnection(socket)
    socket.once('data', asked)
  })
  return { target, begun }
}

describe('a wrong answer', () => {
  it('of one byte is found, said and exit code 1', async () => {
    let left = 100_000
    const { target } = await listen((socket) => {
      socket.on('data', (data) => {
        const before = left
        left -= data.length
        if (before > 0 && left <= 0) (data[0] as number) ^= 1
        socket.write(data)
      })
    })
    const { code, result } = await measure('tcp', target, '--verify')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'wrong answer': 1 })
    expect(result.verdict.wrongAnswers).toBe(1)
    expect(result.verdict.notes.join()).toMatch(
      /connection \d+ got 0x[0-9a-f]{2} for 0x[0-9a-f]{2} as byte \d+ of a message of 64/,
    )
  })

  it('that is longer than what was sent is found without --verify too', async () => {
    const { target } = await listen((socket) =>
      socket.on('data', (data) => socket.write(Buffer.concat([data, data]))),
    )
    const { code, result } = await measure('tcp', target, '--connections', '3')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'wrong answer': 3 })
    expect(result.verdict.notes.join()).toContain('got more bytes than it had sent')
  })
})

describe('a server that', () => {
  it('is not there is an error before anything is measured', async () => {
    const { server, target } = await listen(echo)
    server.close()
    await once(server, 'close')
    for (const workers of ['1', '2']) {
      const { code, stderr, stdout } = await polluxBench(['tcp', target, '--workers', workers])
      expect(stderr).toContain(`connect ${target}: connection refused`)
      expect(stdout).toBe('')
      expect(code).toBe(2)
    }
  })

  it('closes every connection ends the run at once', async () => {
    const { target } = await listen((socket) => socket.once('data', () => socket.end()))
    const begin = Date.now()
    const { code, result } = await measure('tcp', target, '--connections', '5', '--duration', '20')
    expect(Date.now() - begin).toBeLessThan(15_000)
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'closed by the server': 5 })
  })

  it('resets a connection loses that one, and the others are measured', async () => {
    let first = true
    const { target } = await listen((socket) => {
      if (first) socket.once('data', () => socket.resetAndDestroy())
      else echo(socket)
      first = false
    })
    const { code, result } = await measure('tcp', target, '--connections', '5')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'recv ECONNRESET': 1 })
    expect(result.rounds[1]?.messages).toBeGreaterThan(0)
  })

  it('dies is no reason to lose what was measured', async () => {
    const program = `require('net').createServer((s) => s.on('error', () => {}).pipe(s))
      .listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
    const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [port] = await once(server.stdout, 'data')
    const pid = ['--server-pid', String(server.pid)]
    const measured = measure('tcp', String(port).trim(), '--connections', '2', '--duration', '20', ...pid)
    const [[code, signal]] = await Promise.all([
      once(server, 'exit'),
      waitForCpu(server.pid as number).then(() => server.kill('SIGKILL')),
    ])
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    const { code: exitCode, result } = await measured
    expect(exitCode).toBe(1)
    const lost = Object.values(result.errors).reduce((sum, count) => sum + count, 0)
    expect(lost).toBe(2)
  })

  it('never answers is given up', async () => {
    const { target } = await listen((socket) => socket.resume())
    const { code, result } = await measure('tcp', target, '--connections', '3', '--timeout', '200')
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'no answer': 3 })
  })

  it('sends nothing back but reads is not asked for more than is in flight', async () => {
    let bytes = 0
    const { target } = await listen((socket) =>
      socket.on('data', (data) => {
        bytes += data.length
      }),
    )
    const flags = [
      '--connections',
      '3',
      '--depth',
      '4',
      '--size',
      '10',
      '--timeout',
      '200',
      '--rate',
      '100000',
    ]
    await measure('tcp', target, ...flags)
    expect(bytes).toBe(3 * 4 * 10)
  })
})

describe('a server that does not accept', () => {
  it('is not waited for longer than --timeout says', async () => {
    const { target, fill } = await listenDeaf()
    await fill()
    for (const flags of [[], ['--churn'], ['--workers', '2']]) {
      const { code, stderr } = await polluxBench(['tcp', target, '--timeout', '300', ...flags])
      expect(stderr).toMatch(/^pollux-bench: connect 127\.0\.0\.1:\d+: .*ETIMEDOUT/)
      expect(code).toBe(2)
    }
  })

  it('any more, and closes what it had accepted, is an error of that connection', async () => {
    const { target, accept, fill } = await listenDeaf()
    const answering = accept().then(async (accepted) => {
      await accepted.recv(new Uint8Array(1000))
      await fill()
      await accepted.send(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'))
      accepted.close()
    })
    const flags = ['--connections', '1', '--timeout', '1500', '--duration', '20']
    const { code, result } = await measure('http', target, ...flags)
    await answering
    expect(result.errors).toEqual({ 'connect ETIMEDOUT': 1 })
    expect(code).toBe(1)
  })
})

it('a name is measured at the first of its addresses that answers', async () => {
  const { target } = await listen(echo)
  const port = Number(target.split(':')[1])
  const loop = new EventLoop()
  onTestFinished(() => loop.close())
  const at = (host: string): SocketAddress => ({ family: 'IPv4', host, port })
  const [closed, open] = [at('127.0.0.2'), at('127.0.0.1')]
  expect(await reachable(loop, [closed, open], 1000)).toBe(open)
  expect(await reachable(loop, [open, closed], 1000)).toBe(open)
  await expect(reachable(loop, [closed, at('127.0.0.3')], 1000)).rejects.toThrow(/127\.0\.0\.3.*ECONNREFUSED/)
  // One alone is not asked twice.
  expect(await reachable(loop, [closed], 1000)).toBe(closed)
})

describe('Ctrl-C', () => {
  it.each([
    ['connections', []],
    ['connections of several workers', ['--workers', '2']],
    ['idle connections', ['--idle', '5', '--server-pid', String(process.pid)]],
  ])('ends a run that still waits for %s', async (_, flags) => {
    const { target, fill, connecting } = await listenDeaf()
    await fill()
    const before = connecting()
    const { code, stderr, stdout } = await polluxBench(
      ['tcp', target, '--timeout', '600000', ...flags],
      async ({ interrupt }) => {
        const isConnecting = () => expect(connecting()).toBeGreaterThan(before)
        await vi.waitFor(isConnecting, { timeout: 20_000, interval: 20 })
        interrupt()
      },
    )
    expect(stderr).toBe('pollux-bench: interrupted before anything was measured\n')
    expect(stdout).toBe('')
    expect(code).toBe(130)
  })

  it('twice does not wait for answers', async () => {
    const { target, begun } = await listenUntilAsked(() => {})
    const { code, stdout } = await polluxBench(
      ['tcp', target, '--timeout', '600000', '--duration', '600'],
      async ({ interrupt }) => {
        await begun
        const timer = setInterval(interrupt, 300)
        onTestFinished(() => clearInterval(timer))
      },
    )
    expect(stdout).toBe('')
    expect(code).toBe(130)
  })

  it('ends with what was measured until then', async () => {
    const { target, begun } = await listenUntilAsked(echo)
    const { code, stdout } = await polluxBench(
      ['tcp', target, '--duration', '20', '--warmup', '0', '--json', '-'],
      async ({ interrupt }) => {
        await begun
        setTimeout(interrupt, 500)
      },
    )
    const result = JSON.parse(stdout)
    expect(code).toBe(130)
    expect(result.rounds).toHaveLength(1)
    expect(result.rounds[0].seconds).toBeLessThan(10)
    expect(result.verdict.notes.join()).toContain('it was interrupted')
  })
})
