/** What a stream puts in the place of a connection's codec. */
import type { Codec } from '../codecs/codec.js'

/** Bytes as they come; a stream writes without it. */
export const bytesAsTheyCome: Codec<Buffer, never> = {
  maxFrameBytes: 0,
  decode(input) {
    const { start, end } = input
    input.start = end
    return input.take(start, end)
  },
  encode() {},
}
