import { describe, expect, it } from 'vitest'
import { writtenBytes } from '../src/settled-memory.js'
import { measure, polluxBench } from './support/command.js'
import { startProgram } from './support/programs.js'
import { echo, listen } from './support/servers.js'

const OWN = ['--server-pid', String(process.pid)]

describe('idle connections', () => {
  it.each(['1', '3'])('cost a server of node:net some kilobytes each, %s workers', async (workers) => {
    const { target, pid } = await startProgram('bench/peers/net.mjs')
    const flags = ['--idle', '2000', '--server-pid', String(pid), '--workers', workers]
    const { code, result } = await measure('tcp', target, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    const { connections, before, after, bytesPerConnection } = result.idle as NonNullable<typeof result.idle>
    expect(connections).toBe(2000)
    expect(bytesPerConnection).toBe((writtenBytes(after) - writtenBytes(before)) / 2000)
    expect(bytesPerConnection).toBeGreaterThan(500)
    expect(bytesPerConnection).toBeLessThan(100_000)
  })

  it('are asked once each, after some that come and go', async () => {
    let connections = 0
    let open = 0
    let most = 0
    let bytes = 0
    const { target } = await listen((socket) => {
      connections++
      most = Math.max(most, ++open)
      socket.on('close', () => open--).on('data', (data) => (bytes += data.length))
      echo(socket)
    })
    const { code } = await measure('tcp', target, '--idle', '700', '--size', '10', ...OWN)
    expect(code).toBe(0)
    expect(connections).toBe(500 + 700)
    expect(most).toBe(700)
    expect(bytes).toBe(connections * 10)
  })

  it('show what a server keeps for each', async () => {
    const kept: Buffer[] = []
    const { target } = await listen((socket) => {
      socket.on('data', (data) => {
        kept.push(Buffer.alloc(200_000, 1))
        socket.write(data)
      })
    })
    const { stdout } = await polluxBench(['tcp', target, '--idle', '100', ...OWN])
    const [, kib] = /^memory for each +(\d+)(?:\.\d)? KiB$/m.exec(stdout) ?? []
    expect(Number(kib)).toBeGreaterThan(150)
    expect(Number(kib)).toBeLessThan(1000)
  })

  it('have no figure where one is not left open', async () => {
    let connections = 0
    const { target } = await listen((socket) => {
      echo(socket)
      if (++connections === 25) setTimeout(() => socket.end(), 200)
    })
    const { code, result } = await measure('tcp', target, '--idle', '20', ...OWN)
    expect(code).toBe(1)
    expect(result.errors).toEqual({ 'closed by the server': 1 })
    expect(result.idle).toBeUndefined()
  })

  it('have no figure where an answer is wrong or missing', async () => {
    const wrong = await listen((socket) => socket.on('data', () => socket.write('x'.repeat(64))))
    const first = await measure('tcp', wrong.target, '--idle', '20', '--verify', ...OWN)
    expect(first.code).toBe(1)
    expect(first.result.errors['wrong answer']).toBeGreaterThan(0)
    const silent = await listen(() => {})
    const second = await measure('tcp', silent.target, '--idle', '20', '--timeout', '100', ...OWN)
    expect(second.code).toBe(1)
    expect(second.result.errors).toEqual({ 'no answer': 20 })
    expect(second.result.idle).toBeUndefined()
  })

  it('need a server, and a process that is there', async () => {
    const { server, target } = await listen(echo)
    const noProcess = await polluxBench(['tcp', target, '--idle', '20', '--server-pid', '1073741824'])
    expect(noProcess).toMatchObject({ code: 2, stdout: '' })
    expect(noProcess.stderr).toContain('--server-pid 1073741824: there is no such process')
    server.close()
    const nobody = await polluxBench(['tcp', target, '--idle', '20', ...OWN])
    expect(nobody.code).toBe(2)
    expect(nobody.stderr).toContain('ECONNREFUSED')
  })
})
