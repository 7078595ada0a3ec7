// What holds for all messages, all bytes, and however they are cut.
import { CodecError, raw } from '@pollux/framework'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyBytes, CASES, received } from '../support/codec_cases.js'
import { byteByByte, cutAt, decodeChunks, encodeAll, expectEqual, outcome } from '../support/decode.js'
import { SEED } from '../support/random.js'

const RUNS = { seed: SEED, numRuns: 150 }

const places = fc.array(fc.nat(400), { maxLength: 12 })

describe.each(CASES)('$name', (each) => {
  const { codec, message } = each

  it('decodes what it encodes, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), places, fc.boolean(), (messages, cuts, borrow) => {
        const bytes = encodeAll(codec, messages as never[])
        const decoded = decodeChunks(codec, cutAt(bytes, cuts), { borrow })
        expectEqual(outcome(decoded), { messages: messages.map(received), error: undefined })
      }),
      RUNS,
    )
  })

  it('makes the same of any bytes, messages and error, however they are cut', () => {
    fc.assert(
      fc.property(anyBytes(each), places, fc.boolean(), (bytes, cuts, end) => {
        const whole = outcome(decodeChunks(codec, [bytes], { end }))
        expectEqual(outcome(decodeChunks(codec, cutAt(bytes, cuts), { end })), whole)
        expectEqual(outcome(decodeChunks(codec, byteByByte(bytes), { end })), whole)
      }),
      RUNS,
    )
  })

  it('throws nothing but its own errors, comes to an end, and keeps no more than its limit and a chunk', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes(each), fc.uint8Array({ maxLength: 200 })), places, (bytes, cuts) => {
        const chunks = cutAt(bytes, cuts)
        const { error, calls, mostKept } = decodeChunks(codec, chunks)
        if (error !== undefined) expect(error).toBeInstanceOf(CodecError)
        expect(calls).toBeLessThanOrEqual(bytes.length + chunks.length + 2)
        expect(mostKept).toBeLessThanOrEqual(
          codec.maxFrameBytes + Math.max(...chunks.map(({ length }) => length)),
        )
      }),
      RUNS,
    )
  })
})

describe('raw', () => {
  it('loses nothing, however it is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), places, (bytes, cuts) => {
        const { messages, error } = decodeChunks(raw(), cutAt(bytes, cuts))
        expect(error).toBeUndefined()
        expectEqual(Buffer.concat(messages), Buffer.from(bytes))
      }),
      RUNS,
    )
  })
})
