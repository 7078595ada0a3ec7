// Lengths before messages: every size, order and way to count, against Node's own way of writing integers.
import { encodeToBuffer, type LengthPrefixedOptions, lengthPrefixed } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { byteByByte, decodeAll, decodeChunks } from '../support/decode.js'
import { expectSameBytes } from '../support/raw.js'

const TOO_LONG = { name: 'CodecError', code: 'ERR_POLLUX_FRAME_TOO_LONG' }
const MALFORMED = { name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME' }

const ORDERS = ['big', 'little'] as const

/** What Node writes. */
function integer(value: number | bigint, bytes: 1 | 2 | 4 | 8, byteOrder: 'big' | 'little'): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt(value))
  const shortest = buffer.subarray(8 - bytes)
  return byteOrder === 'big' ? shortest : Buffer.from(shortest).reverse()
}

/** By hash: messages may be large. */
function expectMessages(actual: Buffer[], expected: Buffer[]) {
  expect(actual.length).toBe(expected.length)
  expectSameBytes(Buffer.concat(actual), Buffer.concat(expected))
}

describe.each([1, 2, 4, 8] as const)('a length of %i bytes', (bytes) => {
  describe.each(ORDERS)('with the %s end first', (byteOrder) => {
    it.each([false, true])('is that of the message, itself included: %s', (includesLength) => {
      const codec = lengthPrefixed({ bytes, byteOrder, includesLength })
      for (const length of [0, 1, 5, 200, 246, bytes === 1 ? 247 : 65_000]) {
        const message = Buffer.alloc(length, 'm')
        const frame = Buffer.concat([
          integer(length + (includesLength ? bytes : 0), bytes, byteOrder),
          message,
        ])
        expectSameBytes(encodeToBuffer(codec, message), frame)
        expectMessages(decodeAll(codec, frame, frame), [message, message])
        if (length <= 200) expectMessages(decodeAll(codec, ...byteByByte(frame)), [message])
      }
    })

    it('is refused above the limit, with nothing of the message kept', () => {
      const codec = lengthPrefixed({ bytes, byteOrder, maxLength: 100 })
      expect(decodeAll(codec, integer(100, bytes, byteOrder), Buffer.alloc(100))).toHaveLength(1)
      const largest = bytes === 8 ? 2n ** 64n - 1n : 2 ** (8 * bytes) - 1
      for (const length of [101, largest]) {
        const { error, mostKept } = decodeChunks(codec, byteByByte(integer(length, bytes, byteOrder)))
        expect(error).toMatchObject(TOO_LONG)
        expect(mostKept).toBe(bytes - 1)
      }
    })

    it('is refused if it does not even count itself', () => {
      const codec = lengthPrefixed({ bytes, byteOrder, includesLength: true })
      expect(() => decodeAll(codec, integer(bytes - 1, bytes, byteOrder))).toThrow(
        expect.objectContaining(MALFORMED),
      )
    })

    it('tells how many bytes it waits for', () => {
      const codec = lengthPrefixed({ bytes, byteOrder })
      const { calls } = decodeChunks(
        codec,
        byteByByte(Buffer.concat([integer(100, bytes, byteOrder), Buffer.alloc(100)])),
      )
      expect(calls).toBeLessThanOrEqual(3)
    })
  })
})

describe('a varint', () => {
  // From the Protocol Buffers documentation and the borders between sizes.
  it.each([
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [150, '9601'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [1_048_576, '808040'],
  ])('of %i is %s', (length, prefix) => {
    const frame = encodeToBuffer(lengthPrefixed({ bytes: 'varint' }), Buffer.alloc(length))
    expect(frame.subarray(0, frame.length - length).toString('hex')).toBe(prefix)
    const chunks = [...byteByByte(frame.subarray(0, 3)), frame.subarray(3)]
    expectMessages(decodeAll(lengthPrefixed({ bytes: 'varint' }), ...chunks), [Buffer.alloc(length)])
  })

  it.each([
    [0, '01'],
    [126, '7f'],
    [127, '8101'],
    [16_381, 'ff7f'],
    [16_382, '818001'],
  ])('counts itself: before %i bytes it is %s', (length, prefix) => {
    const codec = lengthPrefixed({ bytes: 'varint', includesLength: true })
    const frame = encodeToBuffer(codec, Buffer.alloc(length))
    expect(frame.subarray(0, frame.length - length).toString('hex')).toBe(prefix)
    expectMessages(decodeAll(codec, frame), [Buffer.alloc(length)])
  })

  it('may have zeros on top, up to ten bytes in all', () => {
    const codec = lengthPrefixed({ bytes: 'varint' })
    expect(decodeAll(codec, Buffer.from('81808080808080808000ff', 'hex'))).toEqual([Buffer.from([0xff])])
    for (const chunks of [[Buffer.alloc(10, 0x80)], byteByByte(Buffer.alloc(11, 0x80))]) {
      expect(() => decodeAll(codec, ...chunks)).toThrow(expect.objectContaining(MALFORMED))
    }
  })

  it('is refused above the limit', () => {
    const codec = lengthPrefixed({ bytes: 'varint', maxLength: 300 })
    expect(decodeAll(codec, Buffer.from([0xac, 0x02]), Buffer.alloc(300))).toHaveLength(1)
    for (const prefix of ['ad02', '8080808010', 'ffffffffffffffffff01']) {
      expect(() => decodeAll(codec, Buffer.from(prefix, 'hex'))).toThrow(expect.objectContaining(TOO_LONG))
    }
  })

  it('is refused if it does not even count itself', () => {
    const codec = lengthPrefixed({ bytes: 'varint', includesLength: true })
    expect(() => decodeAll(codec, Buffer.from([0]))).toThrow(expect.objectContaining(MALFORMED))
    expect(() => decodeAll(codec, Buffer.from([0x81, 0x00]))).toThrow(expect.objectContaining(MALFORMED))
  })
})

describe('a length-prefixed message', () => {
  it('is of four bytes, the big end first, unless told otherwise', () => {
    expect(encodeToBuffer(lengthPrefixed(), 'é').toString('hex')).toBe('00000002c3a9')
  })

  it('is refused to be sent if the length can not say how long it is', () => {
    const options = { bytes: 1 } as const
    expect(encodeToBuffer(lengthPrefixed(options), Buffer.alloc(255))).toHaveLength(256)
    expect(() => encodeToBuffer(lengthPrefixed(options), Buffer.alloc(256))).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() =>
      encodeToBuffer(lengthPrefixed({ ...options, includesLength: true }), Buffer.alloc(255)),
    ).toThrow(RangeError)
  })

  it('may be longer than those that are received', () => {
    expect(encodeToBuffer(lengthPrefixed({ maxLength: 1 }), Buffer.alloc(100))).toHaveLength(104)
  })

  it.each(ORDERS)('is incomplete if the peer ends before it does', () => {
    for (const text of ['0000', '00000002', '00000002aa']) {
      expect(() => decodeAll(lengthPrefixed(), Buffer.from(text, 'hex'))).toThrow(
        expect.objectContaining({
          code: 'ERR_POLLUX_INCOMPLETE_FRAME',
          message: `the peer ended in the middle of a frame, with ${text.length / 2} bytes of it sent`,
        }),
      )
    }
  })

  it.each([[undefined], [7], [{ length: 2 }]])('is refused to be sent if it is %o', (message) => {
    for (const bytes of [4, 'varint'] as const) {
      expect(() => encodeToBuffer(lengthPrefixed({ bytes }), message as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
    }
  })
})

describe('the options of lengthPrefixed', () => {
  it.each([
    [null, /"options" argument must be of type object/],
    [{ bytes: 3 }, /'bytes' must be 1, 2, 4, 8 or 'varint'/],
    [{ bytes: '4' }, /'bytes' must be/],
    [{ byteOrder: 'network' }, /'byteOrder' must be 'big' or 'little'/],
    [{ bytes: 'varint', byteOrder: 'big' }, /'byteOrder' must not be given with a varint/],
    [{ includesLength: 1 }, /"includesLength" argument must be of type boolean/],
    [{ maxLength: 0 }, /"maxLength" is out of range/],
    [{ bytes: 1, maxLength: 256 }, /"maxLength" is out of range. It must be >= 1 and <= 255/],
    [
      { bytes: 2, includesLength: true, maxLength: 65_534 },
      /"maxLength" is out of range. It must be >= 1 and <= 65533/,
    ],
    [{ bytes: 8, maxLength: 2 ** 28 + 1 }, /"maxLength" is out of range/],
    [{ bytes: 'varint', maxLength: -1 }, /"maxLength" is out of range/],
  ])('%o are refused', (options, words) => {
    expect(() => lengthPrefixed(options as LengthPrefixedOptions)).toThrow(words)
  })
})
