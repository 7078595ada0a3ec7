// What options do, as the peer sees it: Python at the other end.
import { AF_INET, AF_INET6, constants, EventLoop, SOCK_DGRAM, SOCK_STREAM, socket } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { eventually } from '../../../native-poll/test/support/patience.js'
import { binding } from '../../../native-poll/test/support/raw_reactor.js'

checkFds()
afterEach(() => EventLoop.default().close())

const text = (value: string) => new TextEncoder().encode(value)
const portOf = (address: unknown) => (address as { port: number }).port

/** Python's datagram socket: prints its port, then what it receives, with its control data. */
function datagramPeer(host: string, setUp: string, count: number): Child {
  const family = host.includes(':') ? 'AF_INET6' : 'AF_INET'
  return Child.run('python3', [
    '-c',
    `import json, socket, struct
peer = socket.socket(socket.${family}, socket.SOCK_DGRAM)
${setUp}
peer.bind(('${host}', 0))
print('port', peer.getsockname()[1], flush=True)
for _ in range(${count}):
    data, control, flags, address = peer.recvmsg(65536, 1024)
    seen = {str(type): int.from_bytes(value, 'little') for level, type, value in control}
    print(json.dumps([data.decode(), seen]), flush=True)`,
  ])
}

/** What the peer printed, once it ended. */
async function received(peer: Child): Promise<[data: string, control: Record<string, number>][]> {
  expect(await peer.awaitExit()).toBe(0)
  return peer.output
    .split('\n')
    .filter((line) => line.startsWith('['))
    .map((line) => JSON.parse(line))
}

describe('what the receiver of a datagram sees', () => {
  it('IP_TTL and IP_TOS', async () => {
    const { IP_RECVTTL, IP_RECVTOS, IP_TTL, IP_TOS } = constants
    const peer = datagramPeer(
      '127.0.0.1',
      `peer.setsockopt(socket.IPPROTO_IP, ${IP_RECVTTL}, 1); peer.setsockopt(socket.IPPROTO_IP, ${IP_RECVTOS}, 1)`,
      2,
    )
    const to = { host: '127.0.0.1', port: await peer.awaitPort() }
    const udp = socket(AF_INET, SOCK_DGRAM)
    for (const [ttl, tos] of [
      [33, 0x28],
      [7, 0xb9],
    ]) {
      udp.setsockopt('IPPROTO_IP', 'IP_TTL', ttl)
      udp.setsockopt('IPPROTO_IP', 'IP_TOS', tos)
      await udp.sendto(text('x'), 0, to)
    }
    expect(await received(peer)).toEqual([
      ['x', { [IP_TTL]: 33, [IP_TOS]: 0x28 }],
      ['x', { [IP_TTL]: 7, [IP_TOS]: 0xb9 }],
    ])
  })

  it('IPV6_UNICAST_HOPS and IPV6_TCLASS', async () => {
    const { IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_TCLASS } = constants
    const peer = datagramPeer(
      '::1',
      `peer.setsockopt(socket.IPPROTO_IPV6, ${IPV6_RECVHOPLIMIT}, 1); peer.setsockopt(socket.IPPROTO_IPV6, ${IPV6_RECVTCLASS}, 1)
print('hops', socket.IPV6_HOPLIMIT)`,
      1,
    )
    const to = { host: '::1', port: await peer.awaitPort() }
    const hopLimit = await peer.awaitOutput(/^hops (\d+)$/m)
    const udp = socket(AF_INET6, SOCK_DGRAM)
    udp.setsockopt('IPPROTO_IPV6', 'IPV6_UNICAST_HOPS', 33)
    udp.setsockopt('IPPROTO_IPV6', 'IPV6_TCLASS', 0x28)
    await udp.sendto(text('x'), 0, to)
    expect(await received(peer)).toEqual([['x', { [hopLimit]: 33, [IPV6_TCLASS]: 0x28 }]])
  })

  it('UDP_CORK: one datagram of two writes', async () => {
    const peer = datagramPeer('127.0.0.1', '', 2)
    const to = { host: '127.0.0.1', port: await peer.awaitPort() }
    const udp = socket(AF_INET, SOCK_DGRAM)
    udp.setsockopt('IPPROTO_UDP', 'UDP_CORK', true)
    await udp.sendto(text('to'), 0, to)
    await udp.sendto(text('gether'), 0, to)
    udp.setsockopt('IPPROTO_UDP', 'UDP_CORK', false)
    await udp.sendto(text('alone'), 0, to)
    expect(await received(peer)).toEqual([
      ['together', {}],
      ['alone', {}],
    ])
  })

  it('UDP_SEGMENT: several datagrams of one write', async () => {
    const peer = datagramPeer('127.0.0.1', '', 3)
    const to = { host: '127.0.0.1', port: await peer.awaitPort() }
    const udp = socket(AF_INET, SOCK_DGRAM)
    udp.setsockopt('IPPROTO_UDP', 'UDP_SEGMENT', 3)
    await udp.sendto(text('abcdefgh'), 0, to)
    expect((await received(peer)).map(([data]) => data)).toEqual(['abc', 'def', 'gh'])
  })

  it('SO_BROADCAST: nothing without it', async () => {
    const udp = socket(AF_INET, SOCK_DGRAM)
    udp.setsockopt('SOL_SOCKET', 'SO_BINDTODEVICE', 'lo')
    const to = { host: '127.255.255.255', port: 9 }
    expect(() => udp.trySendto(text('x'), 0, to)).toThrow(expect.objectContaining({ code: 'EACCES' }))
    const peer = datagramPeer('0.0.0.0', '', 1)
    const port = await peer.awaitPort()
    udp.setsockopt('SOL_SOCKET', 'SO_BROADCAST', true)
    await udp.sendto(text('all'), 0, { ...to, port })
    expect(await received(peer)).toEqual([['all', {}]])
  })
})

describe('what the peer of a connection sees', () => {
  /** Python's listener, which takes one connection and runs the script with it as `peer`. */
  const streamPeer = (script: string) =>
    Child.run('python3', [
      '-c',
      `import socket
listener = socket.create_server(('127.0.0.1', 0))
print('port', listener.getsockname()[1], flush=True)
peer = listener.accept()[0]
${script}`,
    ])

  it.each([
    [{ on: true, seconds: 0 }, 'reset'],
    [{ on: false, seconds: 0 }, 'end'],
  ])('SO_LINGER %j: %s', async (linger, seen) => {
    const peer = streamPeer(`try: print('saw', 'end' if peer.recv(1) == b'' else 'data')
except ConnectionResetError: print('saw reset')`)
    const tcp = socket(AF_INET, SOCK_STREAM)
    await tcp.connect({ host: '127.0.0.1', port: await peer.awaitPort() })
    tcp.setsockopt('SOL_SOCKET', 'SO_LINGER', linger)
    tcp.close()
    expect(await peer.awaitOutput(/^saw (\w+)$/m)).toBe(seen)
    expect(await peer.awaitExit()).toBe(0)
  })

  it('TCP_MAXSEG: no larger segments than that', async () => {
    const peer = streamPeer(`print('segment', peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))`)
    const tcp = socket(AF_INET, SOCK_STREAM)
    tcp.setsockopt('IPPROTO_TCP', 'TCP_MAXSEG', 1000)
    await tcp.connect({ host: '127.0.0.1', port: await peer.awaitPort() })
    expect(Number(await peer.awaitOutput(/^segment (\d+)$/m))).toBeLessThanOrEqual(1000)
    expect(await peer.awaitExit()).toBe(0)
  })
})

describe('what a socket itself sees', () => {
  it('SO_ERROR: why a datagram was refused, once', async () => {
    const udp = socket(AF_INET, SOCK_DGRAM)
    // The port of a socket that was just closed is nobody's.
    const closed = socket(AF_INET, SOCK_DGRAM)
    closed.bind({ host: '127.0.0.1', port: 0 })
    const to = closed.getsockname() as { host: string; port: number }
    closed.close()
    udp.tryConnect(to)
    udp.trySend(text('x'))
    let error = 0
    await eventually('the ICMP error', () => {
      error = udp.getsockopt('SOL_SOCKET', 'SO_ERROR')
      return error !== 0
    })
    expect(binding.errorName(error)).toBe('ECONNREFUSED')
    expect(udp.getsockopt('SOL_SOCKET', 'SO_ERROR')).toBe(0)
  })

  it('IPV6_V6ONLY: no IPv4 by mapped addresses', () => {
    // A port that is free for IPv4, unless somebody takes it in between.
    const other = socket(AF_INET, SOCK_STREAM)
    other.bind({ host: '0.0.0.0', port: 0 })
    const port = portOf(other.getsockname())
    const only = socket(AF_INET6, SOCK_STREAM)
    only.setsockopt('IPPROTO_IPV6', 'IPV6_V6ONLY', true)
    only.bind({ host: '::', port })
    only.listen()
    const both = socket(AF_INET6, SOCK_STREAM)
    both.setsockopt('IPPROTO_IPV6', 'IPV6_V6ONLY', false)
    expect(() => both.bind({ host: '::ffff:127.0.0.1', port })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
  })

  it('IP_FREEBIND: an address that this host does not have', () => {
    const udp = socket(AF_INET, SOCK_DGRAM)
    const elsewhere = { host: '203.0.113.7', port: 0 }
    expect(() => udp.bind(elsewhere)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    udp.setsockopt('IPPROTO_IP', 'IP_FREEBIND', true)
    udp.bind(elsewhere)
    expect(udp.getsockname()).toMatchObject({ host: elsewhere.host })
  })

  it('SO_REUSEPORT: a port with another socket, and not without it', () => {
    const [one, two] = [socket(AF_INET, SOCK_DGRAM), socket(AF_INET, SOCK_DGRAM)]
    one.setsockopt('SOL_SOCKET', 'SO_REUSEPORT', true)
    one.bind({ host: '127.0.0.1', port: 0 })
    const address = one.getsockname() as { host: string; port: number }
    expect(() => two.bind(address)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    two.setsockopt('SOL_SOCKET', 'SO_REUSEPORT', true)
    two.bind(address)
  })
})
