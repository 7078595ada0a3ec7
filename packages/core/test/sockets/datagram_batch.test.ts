// A batch by itself: what goes in comes out, and nothing else does.
import { DatagramBatch, type DatagramBatchOptions, EncodedAddress, type Endpoint } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { detach } from '../support/messages.js'
import { failure } from '../support/sockets.js'

const V4 = { host: '127.0.0.1', port: 4000 }
const V6 = { host: 'fe80::1%1', port: 65_535 }
const UNIX = { path: '/tmp/somewhere' }

const fresh = (capacity = 4, maxBytes = 16) => new DatagramBatch({ capacity, maxBytes })
const texts = (batch: DatagramBatch) =>
  Array.from({ length: batch.count }, (_, i) => batch.data(i).toString())

describe('a batch', () => {
  it('holds datagrams of any length up to its own, in order', () => {
    const batch = fresh()
    for (const text of ['', 'a', '0123456789abcdef']) expect(batch.push(Buffer.from(text))).toBe(true)
    expect(batch.count).toBe(3)
    expect(texts(batch)).toEqual(['', 'a', '0123456789abcdef'])
    expect([0, 1, 2].map((i) => batch.bytes(i))).toEqual([0, 1, 16])
    expect([0, 1, 2].map((i) => batch.datagramBytes(i))).toEqual([0, 1, 16])
    expect([0, 1, 2].map((i) => batch.flags(i))).toEqual([0, 0, 0])
  })

  it('that is full takes no more, and says so', () => {
    const batch = fresh(2)
    expect([1, 2, 3].map((each) => batch.push(Uint8Array.of(each)))).toEqual([true, true, false])
    expect(batch.count).toBe(2)
    batch.clear()
    expect([batch.count, batch.sent]).toEqual([0, 0])
    expect(batch.push(Buffer.from('again'))).toBe(true)
    expect(texts(batch)).toEqual(['again'])
  })

  it('takes every kind of view, and copies it', () => {
    const batch = fresh()
    const words = new Uint16Array([0x4141, 0x4242, 0x4343]).subarray(1)
    batch.push(words)
    batch.push(new DataView(Uint8Array.from([1, 0x44, 3]).buffer, 1, 1))
    batch.push(new Uint8Array(new SharedArrayBuffer(2)).fill(0x45))
    words.fill(0)
    expect(texts(batch)).toEqual(['BBCC', 'D', 'EE'])
  })

  it('gives its payloads without a view of each', () => {
    const batch = fresh()
    batch.push(Buffer.from('one'))
    batch.push(Buffer.from('two'))
    const all = new Uint8Array(batch.buffer)
    expect(all[batch.dataOffset(1)]).toBe('t'.charCodeAt(0))
    all[batch.dataOffset(1)] = 'T'.charCodeAt(0)
    batch.setBytes(1, 2)
    expect(texts(batch)).toEqual(['one', 'Tw'])
  })

  it.each<[string, Endpoint, object]>([
    ['IPv4', V4, { family: 'IPv4', ...V4 }],
    ['IPv6 with a zone', V6, { family: 'IPv6', ...V6 }],
    ['Unix', UNIX, { family: 'Unix', ...UNIX }],
  ])('keeps addresses of %s', (_family, endpoint, expected) => {
    const batch = fresh()
    batch.push(Buffer.from('x'), endpoint)
    batch.push(Buffer.from('y'))
    batch.push(Buffer.from('z'), EncodedAddress.from(endpoint))
    expect([0, 1, 2].map((i) => batch.address(i))).toEqual([expected, undefined, expected])
    batch.setAddress(1, batch.encodedAddress(0))
    batch.setAddress(0, undefined)
    batch.setAddress(2, V4)
    expect([0, 1, 2].map((i) => batch.address(i))).toEqual([undefined, expected, { family: 'IPv4', ...V4 }])
    expect(texts(batch)).toEqual(['x', 'y', 'z'])
  })

  it('takes entries of another, with their address or another one', () => {
    const [from, to] = [fresh(), fresh(2)]
    from.push(Buffer.from('one'), V4, 1)
    from.push(Buffer.from('two'), UNIX)
    expect(to.pushFrom(from, 1)).toBe(true)
    expect(to.pushFrom(from, 0, EncodedAddress.from(V6))).toBe(true)
    expect(to.pushFrom(from, 0)).toBe(false)
    expect(texts(to)).toEqual(['two', 'one'])
    expect([0, 1].map((i) => to.address(i))).toMatchObject([UNIX, V6])
    expect([0, 1].map((i) => to.segmentBytes(i))).toEqual([0, 1])
    expect(() => fresh(1, 2).pushFrom(from, 0)).toThrow(RangeError)
    expect(() => to.pushFrom({} as DatagramBatch, 0)).toThrow(TypeError)
  })

  it('keeps the size of segments', () => {
    const batch = fresh()
    batch.push(Buffer.from('abcdef'), V4, 2)
    expect(batch.segmentBytes(0)).toBe(2)
    batch.setSegmentBytes(0, 65_535)
    expect(batch.segmentBytes(0)).toBe(65_535)
    for (const bad of [-1, 65_536, 0.5]) expect(() => batch.setSegmentBytes(0, bad)).toThrow(RangeError)
  })

  it('forgets what an entry was when it is pushed anew', () => {
    const batch = fresh()
    batch.push(Buffer.from('long text'), V4, 3)
    batch.clear()
    batch.push(Buffer.from('x'))
    expect([batch.bytes(0), batch.segmentBytes(0), batch.address(0)]).toEqual([1, 0, undefined])
  })

  it('is as large as the kernel takes at most', () => {
    expect(fresh(1024, 0).capacity).toBe(1024)
    expect(fresh(1, 2 ** 24).maxBytes).toBe(2 ** 24)
  })

  it.each<[string, unknown, ErrorConstructor]>([
    ['no options', undefined, TypeError],
    ['no capacity', { maxBytes: 1 }, TypeError],
    ['a capacity of none', { capacity: 0, maxBytes: 1 }, RangeError],
    ['one more than the kernel takes', { capacity: 1025, maxBytes: 1 }, RangeError],
    ['half a datagram', { capacity: 1.5, maxBytes: 1 }, RangeError],
    ['a negative length', { capacity: 1, maxBytes: -1 }, RangeError],
    ['a length that is text', { capacity: 1, maxBytes: '9' }, TypeError],
    ['a huge length', { capacity: 1, maxBytes: 2 ** 53 }, RangeError],
    ['two gibibytes', { capacity: 1024, maxBytes: 2 ** 21 }, RangeError],
  ])('is not made with %s', (_what, options, expected) => {
    expect(() => new DatagramBatch(options as DatagramBatchOptions)).toThrow(expected)
  })

  it('has no entry beyond its count', () => {
    const batch = fresh()
    batch.push(Buffer.from('x'))
    for (const index of [-1, 1, 4, 0.5, Number.NaN, 2 ** 40]) {
      for (const use of [
        () => batch.data(index),
        () => batch.bytes(index),
        () => batch.address(index),
        () => batch.flags(index),
        () => batch.setAddress(index, V4),
        () => batch.setBytes(index, 1),
        () => batch.dataOffset(index),
      ]) {
        expect(use).toThrow(RangeError)
      }
    }
    expect(() => batch.bytes('0' as never)).toThrow(TypeError)
  })

  it('refuses what is wrong, and holds as many as before', () => {
    const batch = fresh()
    expect(() => batch.push('text' as never)).toThrow(TypeError)
    expect(() => batch.push(Buffer.alloc(17))).toThrow(RangeError)
    expect(() => batch.push(Buffer.alloc(1), { host: 'localhost', port: 1 })).toThrow(TypeError)
    expect(() => batch.push(Buffer.alloc(1), { host: '127.0.0.1', port: 65_536 })).toThrow(RangeError)
    expect(() => batch.push(Buffer.alloc(1), 'address' as never)).toThrow(TypeError)
    expect(() => batch.push(Buffer.alloc(1), { path: 'x'.repeat(200) })).toThrow(failure('ENAMETOOLONG'))
    expect(() => batch.push(Buffer.alloc(1), V4, 65_536)).toThrow(RangeError)
    expect(batch.count).toBe(0)
    batch.push(Buffer.alloc(1))
    expect(() => batch.setBytes(0, 17)).toThrow(RangeError)
  })

  it('whose memory was detached says so', () => {
    const batch = fresh()
    batch.push(Buffer.from('x'))
    detach(batch.buffer)
    expect(() => batch.bytes(0)).toThrow(TypeError)
    expect(() => batch.push(Buffer.from('x'))).toThrow(TypeError)
    expect(() => batch.address(0)).toThrow(TypeError)
  })
})

describe('an encoded address', () => {
  it('is the same as it was, and as another one of the same endpoint', () => {
    const address = EncodedAddress.from(V6)
    expect(address.address).toEqual({ family: 'IPv6', ...V6 })
    expect(address.equals(EncodedAddress.from({ ...V6 }))).toBe(true)
    expect(address.equals(EncodedAddress.from({ ...V6, port: 1 }))).toBe(false)
    expect(address.equals(EncodedAddress.from(V4))).toBe(false)
  })

  it('is made of an endpoint only', () => {
    expect(() => EncodedAddress.from({ host: 'localhost', port: 1 })).toThrow(TypeError)
    expect(() => EncodedAddress.from(undefined as never)).toThrow(TypeError)
    expect(() => EncodedAddress.from({ path: '' })).toThrow(TypeError)
  })
})
