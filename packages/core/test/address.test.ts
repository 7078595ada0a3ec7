import { describe, expect, it } from 'vitest'
import {
  checkHost,
  checkPath,
  checkPort,
  formatAddress,
  isUnix,
  publicAddress,
  shortAddress,
} from '../src/address.js'
import { parseNumericHost, resolveEndpoint } from '../src/resolve.js'

describe('an address as text', () => {
  it.each([
    [{ host: '127.0.0.1', port: 7000 }, 'tcp://127.0.0.1:7000', '127.0.0.1:7000'],
    [{ host: '::1', port: 7000 }, 'tcp://[::1]:7000', '[::1]:7000'],
    [{ host: 'fe80::1%2', port: 1 }, 'tcp://[fe80::1%2]:1', '[fe80::1%2]:1'],
    [{ host: 'localhost', port: 80 }, 'tcp://localhost:80', 'localhost:80'],
    [{ path: '/tmp/x' }, 'unix:///tmp/x', '/tmp/x'],
    [{ path: '\0name' }, 'unix://@name', '@name'],
    [{ path: '' }, 'unix://', ''],
  ])('%o is %s', (address, long, short) => {
    expect(formatAddress(address)).toBe(long)
    expect(shortAddress(address)).toBe(short)
    expect(isUnix(address)).toBe(long.startsWith('unix:'))
  })

  it('has the zone of a scoped address in the host', () => {
    const native = { family: 'IPv6', address: 'fe80::1', port: 9, scopeId: 3 } as const
    expect(publicAddress(native)).toEqual({ family: 'IPv6', host: 'fe80::1%3', port: 9 })
  })
})

describe('the checks of an address', () => {
  it.each([-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse the port %s', (port) => {
    expect(() => checkPort(port)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  it.each(['80', null, undefined, 80n])('refuse a port that is no number: %s', (port) => {
    expect(() => checkPort(port)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  it('take the least and the greatest port', () => {
    expect([checkPort(0), checkPort(65535)]).toEqual([0, 65535])
    expect(() => checkPort(0, 'port', 1)).toThrow(RangeError)
  })

  it.each(['', 'a\0b'])('refuse the host %j', (host) => {
    expect(() => checkHost(host)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })

  it.each(['', '\0', 'a\0', '/tmp/a\0b'])('refuse the path %j', (path) => {
    expect(() => checkPath(path)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })

  it.each(['a', '/tmp/x', '\0abstract', '\0a\0b'])('take the path %j', (path) => {
    expect(checkPath(path)).toBe(path)
  })
})

describe('resolving', () => {
  it('leaves numeric addresses and paths as they are', async () => {
    expect(await resolveEndpoint({ host: '127.0.0.1', port: 7 })).toEqual([
      { family: 'IPv4', host: '127.0.0.1', port: 7 },
    ])
    expect(await resolveEndpoint({ host: '::1', port: 7 })).toEqual([
      { family: 'IPv6', host: '::1', port: 7 },
    ])
    expect(await resolveEndpoint({ path: '/x' })).toEqual([{ family: 'Unix', path: '/x' }])
  })

  it('looks names up', async () => {
    const found = await resolveEndpoint({ host: 'localhost', port: 7 })
    expect(found.length).toBeGreaterThan(0)
    for (const address of found) expect(['127.0.0.1', '::1']).toContain((address as { host: string }).host)
  })

  it('names the host that does not exist', async () => {
    const failure = resolveEndpoint({ host: 'no-such-host.invalid', port: 7 })
    await expect(failure).rejects.toMatchObject({
      name: 'SocketError',
      syscall: 'getaddrinfo',
      address: 'no-such-host.invalid',
      port: 7,
    })
  })

  it('takes a zone apart', () => {
    expect(parseNumericHost('fe80::1%7')).toEqual({ family: 'IPv6', address: 'fe80::1', scopeId: 7 })
    expect(parseNumericHost('10.0.0.1')).toEqual({ family: 'IPv4', address: '10.0.0.1', scopeId: 0 })
    expect(() => parseNumericHost('fe80::1%no-such-interface')).toThrow(
      expect.objectContaining({ code: 'ENODEV' }),
    )
    expect(() => parseNumericHost('localhost')).toThrow(TypeError)
  })
})
