// Streams that were valid once. POLLUX_FUZZ_MS=60000 goes on for so long, POLLUX_SEED repeats a run.
import { CodecError } from '@pollux/framework'
import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import { CASES } from '../support/codec_cases.js'
import { cutAnywhere, decodeChunks, encodeAll, expectEqual, outcome } from '../support/decode.js'
import { Random, SEED } from '../support/random.js'

const ROUNDS = 300
const FUZZ_MS = Number(process.env.POLLUX_FUZZ_MS ?? 0)
const SLACK_MS = 60_000

describe.each(CASES)('$name', ({ codec, message }) => {
  it(
    `survives damaged streams, seed ${SEED}`,
    () => {
      const random = new Random(SEED)
      const streams = fc
        .sample(fc.array(message, { minLength: 1, maxLength: 6 }), { seed: SEED, numRuns: 50 })
        .map((messages) => encodeAll(codec, messages as never[]))
      const deadline = Date.now() + FUZZ_MS / CASES.length
      for (let round = 0; round < ROUNDS || Date.now() < deadline; round++) {
        const bytes = damaged(random.pick(streams), random)
        const whole = decodeChunks(codec, [bytes])
        const hex = () => `round ${round}: ${bytes.toString('hex')}`
        if (whole.error !== undefined && !(whole.error instanceof CodecError)) {
          throw new Error(`it threw what is no CodecError, ${hex()}`, { cause: whole.error })
        }
        expectEqual(outcome(decodeChunks(codec, cutAnywhere(bytes, random))), outcome(whole), hex)
      }
    },
    FUZZ_MS + SLACK_MS,
  )
})

/** Bits turned, bytes set to what means much, pieces lost, doubled and moved. */
function damaged(stream: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(stream)
  for (let left = random.int(1, 4); left > 0; left--) {
    const from = random.int(0, bytes.length)
    const to = Math.min(bytes.length, from + random.magnitude(16))
    const [before, piece, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)]
    switch (random.int(0, 5)) {
      case 0:
        if (from < bytes.length) bytes[from] ^= 1 << random.int(0, 7)
        break
      case 1:
        if (from < bytes.length)
          bytes[from] = random.pick([0, 1, 9, 10, 13, 0x2c, 0x30, 0x3a, 0x7f, 0x80, 0xff])
        break
      case 2:
        bytes = Buffer.concat([before, after])
        break
      case 3:
        bytes = Buffer.concat([before, piece, piece, after])
        break
      case 4:
        bytes = Buffer.concat([piece, before, after])
        break
      default:
        bytes = Buffer.from(before)
    }
  }
  return bytes
}
