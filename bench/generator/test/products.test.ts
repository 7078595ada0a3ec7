// Servers of others, and the examples that do the same: over the whole command.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../../examples/test/support/redis.js'
import { needsPrograms } from '../../../packages/native-poll/test/support/needs.js'
import { measure } from './support/command.js'
import { startProgram } from './support/programs.js'
import { listen } from './support/servers.js'
import { stop } from './support/stop.js'
import { total } from './support/totals.js'

describe('http', () => {
  it('measures the example', () => checkHello('examples/dist/http.js'))
  it('measures node:http', () => checkHello('bench/peers/node-http.mjs'))
  it('measures nginx', needsPrograms('nginx'), () => checkHello('bench/peers/nginx.sh'))

  /** One request after the other, and several in a row. */
  async function checkHello(program: string) {
    const { target, pid } = await startProgram(program)
    for (const depth of ['1', '16']) {
      const flags = ['--path', '/hello', '--depth', depth, '--connections', '10', '--verify']
      const { code, result } = await measure('http', target, ...flags, '--server-pid', String(pid))
      expect(result.errors).toEqual({})
      expect(code).toBe(0)
      expect(total(result, 'messages')).toBeGreaterThan(0)
      expect(total(result, 'verifiedBytes')).toBeGreaterThan(0)
    }
  }

  it('takes the path of the target, and counts what is not found', async () => {
    const { target } = await startProgram('bench/peers/node-http.mjs')
    const { code } = await measure('http', `http://${target}/hello`)
    expect(code).toBe(0)
    const missing = await measure('http', `${target}/missing`)
    expect(missing.code).toBe(1)
    expect(Object.keys(missing.result.errors)).toEqual(['HTTP 404'])
    expect(total(missing.result, 'messages')).toBe(0)
  })

  it('connects again where the server ends connections as it likes', async () => {
    let connections = 0
    const { target } = await listen((socket) => {
      connections++
      let answers = 0
      socket.on('data', () => {
        const isLast = ++answers === 10
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${isLast ? 'Connection: close\r\n' : ''}\r\nhi`)
        if (isLast) socket.end()
      })
    })
    const { code, result } = await measure('http', target, '--connections', '3', '--verify')
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(connections).toBeGreaterThan(10)
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })
})

describe('resp', () => {
  it('measures the example kv', async () => {
    const { target } = await startProgram('examples/dist/kv.js')
    await checkStore('resp', target)
  })

  it('measures redis-server', needsPrograms('redis-server'), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'))
    const { child, path } = await startRedis(folder)
    onTestFinished(async () => {
      await stop(child)
      rmSync(folder, { recursive: true })
    })
    // It listens on a Unix socket here; behind one of TCP in this process it is reached by the protocol's own name.
    const { connect } = await import('node:net')
    const { target } = await listen((socket) => {
      const redis = connect(path)
      redis.on('error', () => socket.destroy())
      socket.pipe(redis).pipe(socket)
    })
    await checkStore('resp', target)
  })

  async function checkStore(protocol: string, target: string) {
    // So few keys that the first requests of all connections have set each of them, however slow the machine is.
    const flags = ['--connections', '10', '--keys', '5', '--size', '1-2000', '--verify']
    const set = await measure(protocol, target, ...flags, '--depth', '16', '--command', 'SET key:{n} {size}')
    expect(set.result.errors).toEqual({})
    expect(set.code).toBe(0)
    const get = await measure(protocol, target, ...flags, '--depth', '16', '--command', 'GET key:{n}')
    expect(get.result.errors).toEqual({})
    expect(get.code).toBe(0)
    expect(total(get.result, 'messages')).toBeGreaterThan(0)
    expect(total(get.result, 'verifiedBytes')).toBeGreaterThan(total(get.result, 'messages') * 100)
    const missing = await measure(protocol, target, ...flags, '--command', 'GET other:{n}')
    expect(missing.code).toBe(1)
    expect(Object.keys(missing.result.errors)).toEqual(['no such key'])
    const wrong = await measure(protocol, target, ...flags, '--command', 'INCR key:{n}')
    expect(wrong.code).toBe(1)
    expect(Object.keys(wrong.result.errors)).toEqual(['-ERR'])
  }
})
