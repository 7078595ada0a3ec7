// Multicast that really arrives: Python sends to what we joined, and joins what we send to.
//
// Nothing leaves this host: IPv4 goes over the loopback interface, and where only another interface will do, with a TTL
// of 0 or an interface-local group. That a datagram does not arrive is seen by the unicast one sent after it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { AF_INET, AF_INET6, constants, EventLoop, SOCK_DGRAM, type Socket, socket } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { needs } from '../../../native-poll/test/support/needs.js'

checkFds()
afterEach(() => EventLoop.default().close())

const LOOPBACK = 'lo'
const indexOf = (name: string) => Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
const loopback = indexOf(LOOPBACK)
/** Groups of this process's own: somebody else may run this test on the same host at the same time. */
const { pid } = process
const own = [(pid >> 16) & 255, (pid >> 8) & 255, pid & 255].join('.')
const text = (value: string) => new TextEncoder().encode(value)
const portOf = (udp: Socket) => (udp.getsockname() as { port: number }).port

/** An interface that is not the loopback one: only there does IP_MULTICAST_LOOP have a meaning, and IPv6 a route. */
const outside = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses
    .filter(({ internal }) => !internal)
    .map(({ family, address }) => ({ name, family, address, index: indexOf(name) })),
)
const outside4 = outside.find(({ family }) => family === 'IPv4')
const outside6 = outside.find(({ family, address }) => family === 'IPv6' && address.startsWith('fe80:'))

/** Receives from groups that it joined only, not from those of other sockets. */
function receiver(): Socket {
  const udp = socket(AF_INET, SOCK_DGRAM)
  udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_ALL', false)
  udp.bind({ host: '0.0.0.0', port: 0 })
  return udp
}

/** Python sends over the loopback interface, to a group and then to 127.0.0.1. */
function sendFrom(source: string, group: string, port: number, message: string) {
  const script = `import socket, sys
source, group, port, message = sys.argv[1:]
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((source, 0))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('127.0.0.1'))
sender.sendto(message.encode(), (group, int(port)))
sender.sendto(b'end', ('127.0.0.1', int(port)))`
  execFileSync('python3', ['-c', script, source, group, String(port), message])
}

/** What came, up to the unicast datagram. */
async function arrivals(udp: Socket): Promise<string[]> {
  const buffer = new Uint8Array(64)
  const messages: string[] = []
  for (;;) {
    const bytes = await udp.recv(buffer)
    const message = new TextDecoder().decode(buffer.subarray(0, bytes))
    if (message === 'end') return messages
    messages.push(message)
  }
}

/** What of a message from `source` arrives. */
async function ask(udp: Socket, group: string, source = '127.0.0.1') {
  sendFrom(source, group, portOf(udp), `from ${source}`)
  return arrivals(udp)
}

const FROM_1 = ['from 127.0.0.1']
const FROM_2 = ['from 127.0.0.2']

/** The groups of the host, as the kernel writes them (igmp(4) in little-endian hex). */
function isJoined(group: string): boolean {
  const hex = group
    .split('.')
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase())
    .join('')
  return readFileSync('/proc/net/igmp', 'utf8').includes(hex)
}

describe('a group of IPv4', () => {
  const joined = { group: `239.${own}` }
  const onAddress = { ...joined, interfaceAddress: '127.0.0.1' }
  const onIndex = { ...joined, interfaceIndex: loopback }

  it.each([
    ['IP_ADD_MEMBERSHIP', 'IP_DROP_MEMBERSHIP', onAddress],
    ['IP_ADD_MEMBERSHIP', 'IP_DROP_MEMBERSHIP', onIndex],
    ['MCAST_JOIN_GROUP', 'MCAST_LEAVE_GROUP', onIndex],
  ] as const)('is received between %s and %s of %j', async (join, leave, membership) => {
    const udp = receiver()
    const { group } = membership
    expect(await ask(udp, group)).toEqual([])
    try {
      udp.setsockopt('IPPROTO_IP', join, membership)
    } catch (error) {
      // POSIX alone has no interface by index here; the error says which member it is.
      expect(error).toMatchObject({ code: 'ENOPROTOOPT' })
      expect(String(error)).toContain('IP_ADD_MEMBERSHIP.interfaceIndex')
      return
    }
    expect(isJoined(group)).toBe(true)
    expect(await ask(udp, group)).toEqual(FROM_1)
    udp.setsockopt('IPPROTO_IP', leave, membership)
    expect(isJoined(group)).toBe(false)
    expect(await ask(udp, group)).toEqual([])
  })

  it('that was joined is not joined again, and one that was not is not left', () => {
    const udp = receiver()
    const code = (code: string) => expect.objectContaining({ code, syscall: 'setsockopt' })
    expect(() => udp.setsockopt('IPPROTO_IP', 'IP_DROP_MEMBERSHIP', onAddress)).toThrow(code('EADDRNOTAVAIL'))
    udp.setsockopt('IPPROTO_IP', 'IP_ADD_MEMBERSHIP', onAddress)
    expect(() => udp.setsockopt('IPPROTO_IP', 'IP_ADD_MEMBERSHIP', onAddress)).toThrow(code('EADDRINUSE'))
    const unicast = { group: '127.0.0.1', interfaceAddress: '127.0.0.1' }
    expect(() => udp.setsockopt('IPPROTO_IP', 'IP_ADD_MEMBERSHIP', unicast)).toThrow(code('EINVAL'))
  })

  it('is left when the socket is closed', () => {
    const udp = receiver()
    udp.setsockopt('IPPROTO_IP', 'IP_ADD_MEMBERSHIP', onAddress)
    expect(isJoined(joined.group)).toBe(true)
    udp.close()
    expect(isJoined(joined.group)).toBe(false)
  })
})

describe('a group of IPv4 with sources', () => {
  // RFC 4607: addresses for source-specific multicast.
  const group = `232.${own}`
  const one = '127.0.0.1'
  const two = '127.0.0.2'

  it.each([
    ['IP_ADD_SOURCE_MEMBERSHIP', 'IP_DROP_SOURCE_MEMBERSHIP', { interfaceAddress: '127.0.0.1' }],
    ['MCAST_JOIN_SOURCE_GROUP', 'MCAST_LEAVE_SOURCE_GROUP', { interfaceIndex: loopback }],
  ] as const)('is received from that one only: %s', async (join, leave, where) => {
    const udp = receiver()
    udp.setsockopt('IPPROTO_IP', join, { group, source: one, ...where })
    expect(await ask(udp, group, one)).toEqual(FROM_1)
    expect(await ask(udp, group, two)).toEqual([])
    udp.setsockopt('IPPROTO_IP', join, { group, source: two, ...where })
    udp.setsockopt('IPPROTO_IP', leave, { group, source: one, ...where })
    expect(await ask(udp, group, one)).toEqual([])
    expect(await ask(udp, group, two)).toEqual(FROM_2)
  })

  it.each([
    ['IP_BLOCK_SOURCE', 'IP_UNBLOCK_SOURCE', { interfaceAddress: '127.0.0.1' }],
    ['MCAST_BLOCK_SOURCE', 'MCAST_UNBLOCK_SOURCE', { interfaceIndex: loopback }],
  ] as const)('is not received from one that was blocked: %s', async (block, unblock, where) => {
    const udp = receiver()
    udp.setsockopt('IPPROTO_IP', 'MCAST_JOIN_GROUP', { group, interfaceIndex: loopback })
    udp.setsockopt('IPPROTO_IP', block, { group, source: two, ...where })
    expect(await ask(udp, group, one)).toEqual(FROM_1)
    expect(await ask(udp, group, two)).toEqual([])
    udp.setsockopt('IPPROTO_IP', unblock, { group, source: two, ...where })
    expect(await ask(udp, group, two)).toEqual(FROM_2)
  })
})

/** Python joins the group on the loopback interface, and prints what it receives with the TTL. */
function member(group: string, count: number): Child {
  return Child.run('python3', [
    '-c',
    `import json, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('${group}') + socket.inet_aton('127.0.0.1'))
udp.setsockopt(socket.IPPROTO_IP, ${constants.IP_RECVTTL}, 1)
udp.bind(('${group}', 0))
print('port', udp.getsockname()[1], flush=True)
for _ in range(${count}):
    data, control, flags, address = udp.recvmsg(64, 64)
    print(data.decode(), control[0][2][0], flush=True)`,
  ])
}

describe('what we send to a group of IPv4', () => {
  const group = `239.${own}`

  it.each([{ interfaceAddress: '127.0.0.1' }, { interfaceIndex: loopback }])(
    'leaves by the interface of IP_MULTICAST_IF %j, with the TTL of IP_MULTICAST_TTL',
    async (where) => {
      const udp = socket(AF_INET, SOCK_DGRAM)
      try {
        udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_IF', where)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOPROTOOPT' })
        expect(String(error)).toContain('IP_MULTICAST_IF.interfaceIndex')
        return
      }
      const peer = member(group, 2)
      const port = await peer.awaitPort()
      await udp.sendto(text('one'), 0, { host: group, port })
      udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_TTL', 9)
      await udp.sendto(text('two'), 0, { host: group, port })
      expect(await peer.awaitExit()).toBe(0)
      expect(peer.output).toMatch(/^port \d+\none 1\ntwo 9\n$/)
    },
  )

  // Members on this host are reached over the loopback interface whatever IP_MULTICAST_LOOP says.
  it(
    'comes back to this host with IP_MULTICAST_LOOP only',
    needs(outside4, 'an interface with IPv4 beside the loopback one'),
    async () => {
      const udp = socket(AF_INET, SOCK_DGRAM)
      udp.bind({ host: '0.0.0.0', port: 0 })
      const port = portOf(udp)
      udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_IF', { interfaceAddress: outside4?.address })
      // Stays on this host, whose every interface is a member of the group of all hosts (RFC 1112).
      udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_TTL', 0)
      const allHosts = { host: '224.0.0.1', port }
      for (const [loop, expected] of [
        [true, ['here']],
        [false, []],
        [true, ['here']],
      ] as const) {
        udp.setsockopt('IPPROTO_IP', 'IP_MULTICAST_LOOP', loop)
        await udp.sendto(text('here'), 0, allHosts)
        await udp.sendto(text('end'), 0, { host: '127.0.0.1', port })
        expect(await arrivals(udp)).toEqual(expected)
      }
    },
  )
})

/** Groups that the interface has joined, as the kernel writes them. */
const joined6 = (name: string) =>
  readFileSync('/proc/net/igmp6', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, device]) => device === name)
    .map(([, , group]) => group)

describe('a group of IPv6', () => {
  const group = `ff11::${(pid >> 16).toString(16)}:${(pid & 0xffff).toString(16)}`
  const hex = `ff11${pid.toString(16).padStart(28, '0')}`

  it.each([
    ['IPV6_JOIN_GROUP', 'IPV6_LEAVE_GROUP'],
    ['MCAST_JOIN_GROUP', 'MCAST_LEAVE_GROUP'],
  ] as const)('is joined by %s, and left by %s, in the eyes of the kernel', (join, leave) => {
    const udp = socket(AF_INET6, SOCK_DGRAM)
    const membership = { group, interfaceIndex: loopback }
    expect(joined6(LOOPBACK)).not.toContain(hex)
    udp.setsockopt('IPPROTO_IPV6', join, membership)
    expect(joined6(LOOPBACK)).toContain(hex)
    udp.setsockopt('IPPROTO_IPV6', leave, membership)
    expect(joined6(LOOPBACK)).not.toContain(hex)
  })

  it('has the sources that were named, in the eyes of the kernel', () => {
    const udp = socket(AF_INET6, SOCK_DGRAM)
    const filters = () => readFileSync('/proc/net/mcfilter6', 'utf8')
    const membership = { group, source: '2001:db8::7', interfaceIndex: loopback }
    const source = '20010db8000000000000000000000007'
    udp.setsockopt('IPPROTO_IPV6', 'MCAST_JOIN_SOURCE_GROUP', membership)
    // Index, interface, group, source, how often included, how often excluded.
    expect(filters()).toMatch(new RegExp(`${hex} ${source} +1 +0$`, 'm'))
    udp.setsockopt('IPPROTO_IPV6', 'MCAST_LEAVE_SOURCE_GROUP', membership)
    expect(filters()).not.toContain(source)
    udp.setsockopt('IPPROTO_IPV6', 'MCAST_JOIN_GROUP', membership)
    udp.setsockopt('IPPROTO_IPV6', 'MCAST_BLOCK_SOURCE', membership)
    expect(filters()).toMatch(new RegExp(`${hex} ${source} +0 +1$`, 'm'))
    udp.setsockopt('IPPROTO_IPV6', 'MCAST_UNBLOCK_SOURCE', membership)
    expect(filters()).not.toContain(source)
  })

  it('of an interface that there is not is ENODEV', () => {
    const udp = socket(AF_INET6, SOCK_DGRAM)
    const nowhere = { group, interfaceIndex: 2 ** 31 - 1 }
    const missing = expect.objectContaining({ code: 'ENODEV' })
    expect(() => udp.setsockopt('IPPROTO_IPV6', 'IPV6_JOIN_GROUP', nowhere)).toThrow(missing)
    const unknown = { group: 'ff12::1%none0', interfaceIndex: loopback }
    expect(() => udp.setsockopt('IPPROTO_IPV6', 'IPV6_JOIN_GROUP', unknown)).toThrow(missing)
  })

  // Interface-local (RFC 4291, section 2.7): no packet leaves, and no router hears of it.
  it(
    'is received between joining and leaving, and with LOOP only',
    needs(outside6, 'an interface with a link-local IPv6 address'),
    async () => {
      const udp = socket(AF_INET6, SOCK_DGRAM)
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_MULTICAST_ALL', false)
      udp.bind({ host: '::', port: 0 })
      const port = portOf(udp)
      const index = outside6?.index ?? 0
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_MULTICAST_IF', index)
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_MULTICAST_HOPS', 0)
      const arrived = async () => {
        await udp.sendto(text('here'), 0, { host: group, port })
        await udp.sendto(text('end'), 0, { host: '::1', port })
        return arrivals(udp)
      }
      expect(await arrived()).toEqual([])
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_JOIN_GROUP', { group, interfaceIndex: index })
      expect(await arrived()).toEqual(['here'])
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_MULTICAST_LOOP', false)
      expect(await arrived()).toEqual([])
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_MULTICAST_LOOP', true)
      udp.setsockopt('IPPROTO_IPV6', 'IPV6_LEAVE_GROUP', { group, interfaceIndex: index })
      expect(await arrived()).toEqual([])
    },
  )
})
