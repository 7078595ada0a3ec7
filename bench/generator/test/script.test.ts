import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { measure, polluxBench } from './support/command.js'
import { startProgram } from './support/programs.js'
import { echo, listen } from './support/servers.js'
import { total } from './support/totals.js'

const example = (name: string) => fileURLToPath(new URL(`../examples/${name}.mjs`, import.meta.url))

/** A file with this text. */
function script(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'script.mjs'), text)
  return join(folder, 'script.mjs')
}

/** Memcached's `set` and `get`, as far as the example needs them; every `spoilt`th value is wrong. */
function memcached(spoilt = Number.POSITIVE_INFINITY) {
  const values = new Map<string, string>()
  let gets = 0
  return (socket: Socket) => {
    let rest = ''
    socket.on('data', (data) => {
      rest += data.toString('latin1')
      for (;;) {
        const [line, name, key, , , length] = /^(set|get) (\S+)(?: (\d+) (\d+) (\d+))?\r\n/.exec(rest) ?? []
        if (line === undefined || name === undefined || key === undefined) return
        if (name === 'get') {
          rest = rest.slice(line.length)
          const value = values.get(key) ?? ''
          const sent = ++gets % spoilt === 0 ? `X${value.slice(1)}` : value
          socket.write(`VALUE ${key} 0 ${value.length}\r\n${sent}\r\nEND\r\n`)
        } else {
          if (rest.length < line.length + Number(length) + 2) return
          values.set(key, rest.slice(line.length, line.length + Number(length)))
          rest = rest.slice(line.length + Number(length) + 2)
          socket.write('STORED\r\n')
        }
      }
    })
  }
}

describe('a script', () => {
  it.each(['1', '2'])('speaks a protocol of its own: lines, %s workers', async (workers) => {
    const { target } = await startProgram('examples/dist/lines-echo.js')
    const flags = ['--script', example('lines'), '--depth', '4', '--connections', '5', '--workers', workers]
    const { code, result } = await measure('tcp', target, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('speaks that of memcached, and finds a wrong value', async () => {
    const flags = ['--script', example('memcached'), '--depth', '16', '--connections', '5']
    const right = await listen(memcached())
    const { code, result } = await measure('tcp', right.target, ...flags)
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'verifiedBytes')).toBeGreaterThan(total(result, 'messages') * 50)
    const wrong = await listen(memcached(500))
    const found = await measure('tcp', wrong.target, ...flags)
    expect(found.code).toBe(1)
    expect(found.result.errors['wrong answer']).toBeGreaterThan(0)
    expect(found.result.verdict.notes.join()).toMatch(
      /Error: memcached answered "VALUE pollux:\d:\d+ 0 100\\r\\nX/,
    )
  })

  it('speaks over datagrams, the oldest of which is answered where it does not say which', async () => {
    const socket = createSocket('udp4')
    socket.on('message', (data, from) => socket.send(data, from.port, from.address))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    onTestFinished(() => void socket.close())
    const file = script(`
      export const protocol = 'udp'
      export default (connection, replied) => ({
        request(out) {
          out.write(Buffer.from('ping'))
          return 4
        },
        receive(bytes) {
          if (String(bytes) !== 'ping') throw new Error('no ping')
          replied()
        },
      })`)
    const { code, result } = await measure(
      'udp',
      String(socket.address().port),
      '--script',
      file,
      '--depth',
      '3',
    )
    expect(result.errors).toEqual({})
    expect(code).toBe(0)
    expect(total(result, 'messages')).toBeGreaterThan(0)
    expect(total(result, 'lost')).toBe(0)
  })

  it('counts replies as errors by a word of its own', async () => {
    const file = script(`
      export default (connection, replied) => ({
        request: (out) => (out.text('?'), 1),
        receive: () => replied(connection === 0 ? 'busy' : undefined),
      })`)
    const { target } = await listen(echo)
    const { code, result } = await measure('tcp', target, '--script', file, '--connections', '2')
    expect(code).toBe(1)
    expect(Object.keys(result.errors)).toEqual(['busy'])
    expect(total(result, 'messages')).toBeGreaterThan(0)
  })

  it('speaks in churn as well, and beside slow readers', async () => {
    const { target } = await startProgram('examples/dist/lines-echo.js')
    for (const mode of [['--churn'], ['--slow-readers', '2']]) {
      const { code, result } = await measure(
        'tcp',
        target,
        '--script',
        example('lines'),
        ...mode,
        '--connections',
        '3',
      )
      expect(result.errors).toEqual({})
      expect(code).toBe(0)
      expect(total(result, 'messages')).toBeGreaterThan(0)
    }
  })

  it.each([
    ['export default 5', /has no function as its default export/],
    ['export const protocol = "udp"; export default () => ({})', /speaks over udp, not over tcp/],
    ['export default () => ({ request() {} })', /needs the methods request and receive/],
    ['export default () => { throw new Error("no") }', /can't begin a conversation: Error: no/],
    ['export default () => {', /can't be loaded: Unexpected end of input/],
    ['import "./not-there.mjs"', /can't be loaded: Cannot find module/],
  ])('is refused where it is %j', async (text, why) => {
    const { target } = await listen(echo)
    const { code, stderr } = await polluxBench(['tcp', target, '--script', script(text)])
    expect(code).toBe(2)
    expect(stderr).toMatch(why)
  })

  it('is refused where it is no file', async () => {
    const { code, stderr } = await polluxBench(['tcp', '1', '--script', '/nowhere/script.mjs'])
    expect(code).toBe(2)
    expect(stderr).toContain("--script /nowhere/script.mjs can't be loaded")
  })
})
