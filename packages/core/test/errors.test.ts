import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ErrorCode, invalidArgType, invalidArgValue, outOfRange, SocketError } from '../src/errors.js'
import { native } from '../src/native.js'
import { syscallName, systemError } from '../src/system-error.js'

describe('the table of errors in docs/core.md', () => {
  const page = readFileSync(new URL('../../../docs/core.md', import.meta.url), 'utf8')

  it.each(Object.values(ErrorCode))('has a row of %s, and one only', (code) => {
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`))
    expect(rows).toHaveLength(1)
  })
})

describe('a system error', () => {
  const refused = native.errorNumber('ECONNREFUSED')

  it('has the shape of Node’s own, whatever sign the errno had', () => {
    for (const errno of [refused, -refused]) {
      const error = systemError(errno, 'connect', { host: '127.0.0.1', port: 80 })
      expect(error).toBeInstanceOf(SocketError)
      expect(error).toBeInstanceOf(Error)
      expect({ ...error }).toEqual({
        name: 'SocketError',
        code: 'ECONNREFUSED',
        errno: -refused,
        syscall: 'connect',
        address: '127.0.0.1',
        port: 80,
      })
      expect(error.message).toMatch(
        /^connect 127\.0\.0\.1:80: connection refused \(ECONNREFUSED\); nothing listens there$/,
      )
    }
  })

  it('has no port for a path, and no address where none is known', () => {
    const error = systemError(native.errorNumber('ENOENT'), 'connect', { path: '/no/x' })
    expect({ ...error }).toMatchObject({ code: 'ENOENT', address: '/no/x' })
    expect('port' in error).toBe(false)
    expect('address' in systemError(native.errorNumber('EMFILE'), 'socket')).toBe(false)
  })

  it('says what a person can do', () => {
    const message = (code: string, endpoint: { host: string; port: number } | { path: string }) =>
      systemError(native.errorNumber(code), 'bind', endpoint).message
    if (process.platform === 'linux') {
      expect(message('EACCES', { host: '127.0.0.1', port: 80 })).toBe(
        'bind 127.0.0.1:80: permission denied (EACCES); ports below 1024 need CAP_NET_BIND_SERVICE',
      )
    }
    expect(message('EACCES', { host: '::1', port: 80 })).toContain('CAP_NET_BIND_SERVICE')
    expect(message('EACCES', { host: '::1', port: 8080 })).not.toContain('CAP_NET_BIND_SERVICE')
    expect(message('EADDRINUSE', { host: '::1', port: 80 })).toContain('port 0')
    expect(message('ENAMETOOLONG', { path: '/x' })).toContain('shorter')
  })

  it('knows the system calls of the reactor', () => {
    expect([syscallName(1), syscallName(2), syscallName(99)]).toEqual(['recv', 'send', 'socket'])
  })
})

describe('an argument error', () => {
  it('has the code, class and words of Node’s', () => {
    expect(invalidArgType('port', 'of type number', 'x')).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'The "port" argument must be of type number. Received type string ("x")',
    })
    expect(outOfRange('port', '>= 0 and <= 65535', -1)).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
      message: 'The value of "port" is out of range. It must be >= 0 and <= 65535. Received -1',
    })
    expect(invalidArgValue('host', 'must not be empty', '')).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })

  it.each([undefined, null, {}, [], () => 1, Symbol('s'), 1n, Object.create(null), 'x'.repeat(100)])(
    'describes any value (%#)',
    (value) => {
      expect(invalidArgType('x', 'of type string', value).message).toMatch(/Received \S+/)
    },
  )
})
