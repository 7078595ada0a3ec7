// bind(2) and getsockname(2): addresses of every family, and what is wrong with others.
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Endpoint,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
} from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { temporaryFolder } from '../../../native-poll/test/support/folder.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { failure, freshLoop, ipAddress } from '../support/sockets.js'

checkFds()
afterEach(endChildren)
const folder = temporaryFolder()
const isLinux = process.platform === 'linux'
const hasAbstractNames = isLinux && process.env.POLLUX_NATIVE_TARGET !== 'posix'
/** sun_path has 108 bytes on Linux, and a path needs a NUL at its end; 104 elsewhere. */
const LONGEST_PATH = isLinux ? 107 : 103

describe('bind', () => {
  const at = freshLoop()
  const fresh = (family: number, type = SOCK_STREAM) => socket(family, type, 0, at)

  it.each([
    ['IPv4', AF_INET, '127.0.0.1', SOCK_STREAM],
    ['IPv4', AF_INET, '0.0.0.0', SOCK_DGRAM],
    ['IPv6', AF_INET6, '::1', SOCK_STREAM],
    ['IPv6', AF_INET6, '::', SOCK_DGRAM],
  ])('%s: the system chooses a port (%#)', (family, domain, host, type) => {
    const bound = fresh(domain, type)
    bound.bind({ host, port: 0 })
    const name = ipAddress(bound.getsockname())
    expect(name).toEqual({ family, host, port: expect.any(Number) })
    expect(name.port).toBeGreaterThan(0)
  })

  it('gives the address that was asked for, as another program sees it', async () => {
    const bound = fresh(AF_INET)
    bound.bind({ host: '127.0.0.1', port: 0 })
    bound.listen()
    const { port } = ipAddress(bound.getsockname())
    const child = Child.run('python3', [
      '-c',
      `import socket; s = socket.create_connection(("127.0.0.1", ${port})); print("peer %s %d" % s.getpeername())`,
    ])
    expect(await child.awaitOutput(/^peer (.*)\n/m)).toBe(`127.0.0.1 ${port}`)
    expect(await child.awaitExit()).toBe(0)
  })

  it('takes IPv4 addresses mapped into IPv6', () => {
    const bound = fresh(AF_INET6)
    bound.bind({ host: '::ffff:127.0.0.1', port: 0 })
    expect(bound.getsockname()).toMatchObject({ family: 'IPv6', host: '::ffff:127.0.0.1' })
  })

  it('before it the name is empty', () => {
    expect(fresh(AF_INET).getsockname()).toEqual({ family: 'IPv4', host: '0.0.0.0', port: 0 })
    expect(fresh(AF_INET6).getsockname()).toEqual({ family: 'IPv6', host: '::', port: 0 })
    expect(fresh(AF_UNIX).getsockname()).toEqual({ family: 'Unix', path: '' })
  })

  it('says EADDRINUSE, with the address and what helps', () => {
    const first = fresh(AF_INET)
    first.bind({ host: '127.0.0.1', port: 0 })
    const { host, port } = ipAddress(first.getsockname())
    expect(() => fresh(AF_INET).bind({ host, port })).toThrow(
      failure('EADDRINUSE', 'bind', {
        address: host,
        port,
        message: `bind 127.0.0.1:${port}: address already in use (EADDRINUSE); another socket has that port; port 0 takes a free one`,
      }),
    )
  })

  it.each<[string, number, Endpoint, string]>([
    ['an address of no interface', AF_INET, { host: '203.0.113.7', port: 0 }, 'EADDRNOTAVAIL'],
    ['an IPv6 address of no interface', AF_INET6, { host: '2001:db8::7', port: 0 }, 'EADDRNOTAVAIL'],
    ['an address of another family', AF_INET, { host: '::1', port: 0 }, 'EAFNOSUPPORT|EINVAL'],
    ['an IPv4 address that is not mapped', AF_INET6, { host: '127.0.0.1', port: 0 }, 'EAFNOSUPPORT|EINVAL'],
    ['a path where an address belongs', AF_INET, { path: '/tmp/x' }, 'EAFNOSUPPORT|EINVAL'],
    ['an address where a path belongs', AF_UNIX, { host: '127.0.0.1', port: 0 }, 'EINVAL'],
    ['a zone that is no interface', AF_INET6, { host: 'fe80::1%nowhere', port: 0 }, 'ENODEV'],
    ['a link-local address without a zone', AF_INET6, { host: 'fe80::1', port: 0 }, 'EINVAL'],
    [
      'a scope that is no interface',
      AF_INET6,
      { host: 'fe80::1', port: 0, scopeId: 999_999 },
      'EINVAL|ENODEV',
    ],
  ])('refuses %s', (_what, family, address, codes) => {
    const { code } = caught(() => fresh(family).bind(address))
    // POSIX names EAFNOSUPPORT and EINVAL for the wrong family; systems differ.
    expect(code).toMatch(isLinux ? new RegExp(`^(${codes})$`) : /^E/)
  })

  it('refuses a second address (EINVAL)', () => {
    const bound = fresh(AF_INET)
    bound.bind({ host: '127.0.0.1', port: 0 })
    expect(() => bound.bind({ host: '127.0.0.1', port: 0 })).toThrow(failure('EINVAL', 'bind'))
  })

  it('refuses what is no address', () => {
    const unbound = fresh(AF_INET)
    const bad: [unknown, RegExp][] = [
      [undefined, /"address"/],
      ['127.0.0.1:80', /"address"/],
      [{}, /address\.host/],
      [{ host: '127.0.0.1' }, /address\.port/],
      [{ host: 'localhost', port: 0 }, /numeric/],
      [{ host: '127.0.0.1\0', port: 0 }, /NUL/],
      [{ host: '127.1', port: 0 }, /numeric/],
      [{ host: '', port: 0 }, /empty/],
      [{ host: '127.0.0.1', port: -1 }, /address\.port/],
      [{ host: '127.0.0.1', port: 65536 }, /address\.port/],
      [{ host: '127.0.0.1', port: 1.5 }, /address\.port/],
      [{ host: '127.0.0.1', port: '80' }, /address\.port/],
      [{ host: 'fe80::1', port: 0, scopeId: -1 }, /scopeId/],
      [{ host: 'fe80::1', port: 0, scopeId: 2 ** 32 }, /scopeId/],
      [{ path: '' }, /address\.path/],
      [{ path: 7 }, /address\.path/],
      [{ path: '/tmp/a\0b' }, /NUL/],
    ]
    for (const [address, words] of bad) {
      const error = caught(() => unbound.bind(address as Endpoint))
      expect(error.message).toMatch(words)
      expect(error.name).toMatch(/^(TypeError|RangeError)$/)
    }
    expect(unbound.getsockname()).toMatchObject({ port: 0 })
  })
})

describe('bind of a link-local address', () => {
  const at = freshLoop()
  const found = Object.entries(networkInterfaces())
    .flatMap(([name, infos]) => (infos ?? []).map((info) => ({ ...info, name })))
    .find(({ family, address }) => family === 'IPv6' && address.startsWith('fe80'))

  it(
    'takes its interface by name, by number and beside the host',
    needs(found, 'an interface with a link-local IPv6 address'),
    () => {
      const { address, name, scopeid } = found as { address: string; name: string; scopeid: number }
      for (const endpoint of [
        { host: `${address}%${name}`, port: 0 },
        { host: `${address}%${scopeid}`, port: 0 },
        { host: address, port: 0, scopeId: scopeid },
      ]) {
        using bound = socket(AF_INET6, SOCK_STREAM, 0, at)
        bound.bind(endpoint)
        expect(bound.getsockname()).toMatchObject({ host: `${address}%${scopeid}` })
      }
    },
  )
})

describe('bind of a Unix socket', () => {
  const at = freshLoop()
  const fresh = (type = SOCK_STREAM) => socket(AF_UNIX, type, 0, at)

  it.each([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET])('makes a socket file, which stays (type %i)', (type) => {
    const path = join(folder, `made-${type}`)
    const bound = fresh(type)
    bound.bind({ path })
    expect(bound.getsockname()).toEqual({ family: 'Unix', path })
    expect(statSync(path).isSocket()).toBe(true)
    bound.close()
    expect(existsSync(path)).toBe(true)
    expect(() => fresh(type).bind({ path })).toThrow(failure('EADDRINUSE', 'bind', { address: path }))
  })

  it('takes a path as long as sun_path, and none that is longer', () => {
    const path = join(folder, 'x').padEnd(LONGEST_PATH, 'x')
    const bound = fresh()
    bound.bind({ path })
    expect(bound.getsockname()).toEqual({ family: 'Unix', path })
    expect(statSync(path).isSocket()).toBe(true)
    expect(() => fresh().bind({ path: `${path}y` })).toThrow(
      failure('ENAMETOOLONG', 'bind', { message: expect.stringContaining('shorter') }),
    )
  })

  it('counts bytes, not characters', () => {
    const path = join(folder, 'ü')
    const fits = Math.floor((LONGEST_PATH - Buffer.byteLength(path)) / 2)
    const bound = fresh()
    bound.bind({ path: path + 'é'.repeat(fits) })
    expect(bound.getsockname()).toEqual({ family: 'Unix', path: path + 'é'.repeat(fits) })
    expect(() => fresh().bind({ path: path + 'é'.repeat(fits + 1) })).toThrow(failure('ENAMETOOLONG'))
  })

  it('says what is wrong with a path', () => {
    const file = join(folder, 'file')
    const empty = join(folder, 'folder')
    const circle = join(folder, 'circle')
    writeFileSync(file, '')
    mkdirSync(empty)
    symlinkSync(circle, circle)
    const bind = (path: string) => caught(() => fresh().bind({ path }))
    expect(bind(file)).toEqual(failure('EADDRINUSE', 'bind'))
    expect(bind(empty)).toEqual(failure('EADDRINUSE', 'bind'))
    expect(bind(join(file, 'below'))).toEqual(failure('ENOTDIR', 'bind'))
    expect(bind(join(folder, 'missing', 'below'))).toEqual(failure('ENOENT', 'bind'))
    expect(bind(join(circle, 'below'))).toEqual(failure('ELOOP', 'bind'))
  })

  it('takes an abstract name, up to the whole of sun_path', needs(hasAbstractNames, 'abstract names'), () => {
    const name = `\0pollux-${process.pid}-`
    const longest = name.padEnd(108, 'x')
    // A NUL byte is one like any other (unix(7)): these are three names.
    for (const path of [name, `${name}\0`, `${name}\0b`, longest]) {
      const bound = fresh()
      bound.bind({ path })
      expect(bound.getsockname()).toEqual({ family: 'Unix', path })
      expect(() => fresh().bind({ path })).toThrow(failure('EADDRINUSE', 'bind', { address: path }))
      bound.close()
      // It goes with its socket.
      using again = fresh()
      again.bind({ path })
    }
    expect(() => fresh().bind({ path: `${longest}y` })).toThrow(failure('ENAMETOOLONG'))
  })

  it(
    'says so where there are no abstract names',
    needs(!hasAbstractNames, 'a build without abstract names'),
    () => {
      expect(() => fresh().bind({ path: '\0name' })).toThrow(failure('ENOTSUP', 'bind'))
    },
  )
})

function caught(run: () => unknown): Error & { code?: string } {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
