// Socket options, read back from the kernel.
import { describe, expect, it } from 'vitest'
import { checkFds } from './support/leaks.js'
import { binding, constants, RawReactor } from './support/raw_reactor.js'
import { BACKENDS, errorOf, listenTcp, ok, portOf, serveTcp } from './support/server.js'

checkFds()

const { SOL_SOCKET, IPPROTO_TCP, TCP_NODELAY } = constants

describe.each(BACKENDS)('a socket option on %s', (backend) => {
  it.each([
    ['SO_REUSEADDR', 'SOL_SOCKET', 1],
    ['SO_REUSEPORT', 'SOL_SOCKET', 1],
    ['SO_KEEPALIVE', 'SOL_SOCKET', 1],
    ['TCP_NODELAY', 'IPPROTO_TCP', 1],
    ['TCP_NODELAY', 'IPPROTO_TCP', 0],
    ['IPV6_V6ONLY', 'IPPROTO_IPV6', 1],
  ])('%s of %s set to %i reads back', (name, level, value) => {
    const { native } = new RawReactor(backend)
    const socket = ok(native.socket(constants.AF_INET6, constants.SOCK_STREAM, 0))
    ok(native.setOption(socket, constants[level], constants[name], value))
    const [error, read] = native.getOption(socket, constants[level], constants[name])
    expect(error).toBe(0)
    expect(read !== 0).toBe(value !== 0)
  })

  it.each(['SO_SNDBUF', 'SO_RCVBUF'])('%s follows what was asked for', (name) => {
    const { native } = new RawReactor(backend)
    const socket = ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    ok(native.setOption(socket, SOL_SOCKET, constants[name], 20_000))
    // Linux gives twice that, for its bookkeeping.
    expect([20_000, 40_000]).toContain(native.getOption(socket, SOL_SOCKET, constants[name])[1])
  })

  it('that does not exist is an error of the kernel', () => {
    const { native } = new RawReactor(backend)
    const socket = ok(native.socket(constants.AF_UNIX, constants.SOCK_STREAM, 0))
    expect(errorOf(native.setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1))).toMatch(
      /ENOPROTOOPT|EOPNOTSUPP|ENOTSUP/,
    )
    expect(native.getOption(socket, SOL_SOCKET, 0x7ffffff)[0]).toBeLessThan(0)
  })

  it.each([1, 0])('TCP_NODELAY %i of a listener is that of the connections it accepts', async (value) => {
    const server = serveTcp(backend, { options: [[IPPROTO_TCP, TCP_NODELAY, value]] })
    const { socket } = await server.connect()
    const [error, read] = server.reactor.native.getOption(socket, IPPROTO_TCP, TCP_NODELAY)
    expect([error, read !== 0]).toEqual([0, value !== 0])
  })

  it('SO_REUSEPORT lets two reactors listen on one port, and not one without it', async () => {
    const share: [number, number, number] = [SOL_SOCKET, constants.SO_REUSEPORT, 1]
    const server = serveTcp(backend, { options: [share] })
    const other = new RawReactor(backend)
    const second = ok(other.native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    expect(errorOf(other.native.bindIp(second, '127.0.0.1', server.port, 0))).toBe('EADDRINUSE')
    ok(other.native.setOption(second, ...share))
    ok(other.native.bindIp(second, '127.0.0.1', server.port, 0))
    ok(other.native.listen(second, 511, true))
    expect(portOf(other, second)).toBe(server.port)
  })

  it('SO_ACCEPTCONN and SO_TYPE tell what a socket is', () => {
    const reactor = new RawReactor(backend)
    const { listener } = listenTcp(reactor)
    expect(reactor.native.getOption(listener, SOL_SOCKET, constants.SO_ACCEPTCONN)).toEqual([0, 1])
    expect(reactor.native.getOption(listener, SOL_SOCKET, constants.SO_TYPE)).toEqual([
      0,
      constants.SOCK_STREAM,
    ])
  })

  it('of a kind of socket that does not exist fails in the call', () => {
    const { native } = new RawReactor(backend)
    expect(errorOf(native.socket(12345, constants.SOCK_STREAM, 0))).toBe('EAFNOSUPPORT')
  })

  it('of any size goes as bytes', () => {
    const { native } = new RawReactor(backend)
    const socket = ok(native.socket(constants.AF_INET, constants.SOCK_STREAM, 0))
    const { bytes } = binding.optionLayouts.linger
    const value = new Uint8Array(new Int32Array([1, 5]).buffer)
    ok(native.setOptionBytes(socket, SOL_SOCKET, constants.SO_LINGER, value))
    // As many as the kernel filled, whatever there is room for.
    for (const room of [bytes, bytes + 100, 1 << 20]) {
      expect(native.getOptionBytes(socket, SOL_SOCKET, constants.SO_LINGER, room)).toEqual(value)
    }
    expect(native.getOptionBytes(socket, SOL_SOCKET, constants.SO_LINGER, 4)).toEqual(value.subarray(0, 4))
    expect(errorOf(native.setOptionBytes(socket, SOL_SOCKET, constants.SO_LINGER, value.subarray(1)))).toBe(
      'EINVAL',
    )
  })

  it('has a layout for each struct, whose members lie in it', () => {
    for (const [name, { bytes, fields }] of Object.entries(binding.optionLayouts)) {
      for (const [member, field] of Object.entries(fields)) {
        expect(field.bytes, `${name}.${member}`).toBeGreaterThan(0)
        expect(field.offset + field.bytes, `${name}.${member}`).toBeLessThanOrEqual(bytes)
        expect(field.shift + field.bits, `${name}.${member}`).toBeLessThanOrEqual(8)
      }
    }
  })
})
