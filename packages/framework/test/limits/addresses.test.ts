// Who is who: keys of addresses, lists of them, and how many connections each has.
import { BlockList } from 'node:net'
import type { SocketAddress } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { AddressCounts } from '../../src/limits/address-counts.js'
import { addressKey, hostOf } from '../../src/limits/address-key.js'
import { addressList, isListed } from '../../src/limits/address-list.js'

const v4 = (host: string): SocketAddress => ({ family: 'IPv4', host, port: 5 })
const v6 = (host: string): SocketAddress => ({ family: 'IPv6', host, port: 5 })

describe('the host that counts', () => {
  it('is the same for an IPv4 peer of an IPv6 socket', () => {
    expect(hostOf(v6('::ffff:192.0.2.1'))).toBe(hostOf(v4('192.0.2.1')))
  })

  it('has no zone', () => {
    expect(hostOf(v6('fe80::1%eth0'))).toBe('fe80::1')
  })

  it('is none for Unix sockets and for who is unknown', () => {
    expect(hostOf({ family: 'Unix', path: '' })).toBe(undefined)
    expect(hostOf(undefined)).toBe(undefined)
  })
})

describe('the key of an address', () => {
  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::', 64, true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', 64, false],
    ['2001:db8:0:1::1', '2001:db8:0:ff::1', 56, true],
    ['2001:db8:0:1::1', '2001:db8:0:100::1', 56, false],
    ['2001:db8:0:2::', '2001:db8:0:3::', 63, true],
    ['2001:db8:0:1::', '2001:db8:0:2::', 63, false],
    ['2001:db8::1', '2001:db8::2', 128, false],
    ['2001:db8::1', '2001:db8::1', 128, true],
    ['2001:db8::1', 'fe80::1', 0, true],
    ['192.0.2.1', '192.0.2.2', 64, false],
    ['192.0.2.1', '192.0.2.1', 64, true],
  ])('counts %s and %s together by %i bits: %s', (one, other, bits, together) => {
    expect(addressKey(one, bits) === addressKey(other, bits)).toBe(together)
  })
})

describe('a list of addresses', () => {
  it('takes addresses and subnets of both families', () => {
    const list = addressList(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1'], 'deny')
    const listed = ['192.0.2.7', '10.255.0.1', '2001:db8:5::1', '::1']
    expect(listed.map((host) => isListed(list, host))).toEqual(listed.map(() => true))
    const others = ['192.0.2.8', '11.0.0.1', '2001:db9::1', '::2']
    expect(others.map((host) => isListed(list, host))).toEqual(others.map(() => false))
  })

  it('is the very BlockList that was given, which its owner may change', () => {
    const mine = new BlockList()
    const list = addressList(mine, 'deny')
    expect(isListed(list, '192.0.2.7')).toBe(false)
    mine.addAddress('192.0.2.7')
    expect(isListed(list, '192.0.2.7')).toBe(true)
  })

  it.each([
    ['10.0.0.0/8', 'ERR_INVALID_ARG_TYPE', '"deny"'],
    [[7], 'ERR_INVALID_ARG_TYPE', '"deny[0]"'],
    [['::1', 'localhost'], 'ERR_INVALID_ARG_VALUE', "'deny[1]'"],
    [['10.0.0.0/'], 'ERR_INVALID_ARG_VALUE', "'deny[0]'"],
    [['10.0.0.0/33'], 'ERR_OUT_OF_RANGE', '"deny[0]"'],
    [['fe80::1%eth0'], 'ERR_INVALID_ARG_VALUE', "'deny[0]'"],
  ])('refuses %j', (list, code, named) => {
    expect(() => addressList(list as string[], 'deny')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(named) }),
    )
  })
})

describe('counts by address', () => {
  it('stop at the most, and go on when a connection closes', () => {
    const counts = new AddressCounts(2, 64)
    expect([0, 1, 2].map((slot) => counts.add(slot, v4('192.0.2.1')))).toEqual([true, true, false])
    expect(counts.add(3, v4('192.0.2.2'))).toBe(true)
    counts.remove(2)
    expect(counts.add(2, v4('192.0.2.1'))).toBe(false)
    counts.remove(0)
    expect(counts.add(2, v4('192.0.2.1'))).toBe(true)
  })

  it('remember nobody who has no connection', () => {
    const counts = new AddressCounts(1, 64)
    for (let i = 0; i < 10_000; i++) {
      expect(counts.add(i % 7, v4(`10.0.${i >> 8}.${i & 255}`))).toBe(true)
      counts.remove(i % 7)
      counts.remove(i % 7)
    }
    expect(counts.size).toBe(0)
  })

  it('do not count those who have no address', () => {
    const counts = new AddressCounts(1, 64)
    for (let slot = 0; slot < 5; slot++) expect(counts.add(slot, { family: 'Unix', path: '' })).toBe(true)
    counts.remove(3)
    expect(counts.size).toBe(0)
  })
})
