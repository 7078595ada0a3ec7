// The codec that the docstring of `Codec` shows: one byte of length, then so many bytes of text.
import { type Codec, malformedFrame } from '@pollux/framework'

export const shortText: Codec<string> = {
  maxFrameBytes: 256,
  decode(input) {
    const { start, end, bytes } = input
    const length = bytes[start]
    if (length === 0) throw malformedFrame('a text of no length')
    if (end - start < 1 + length) {
      input.needed = 1 + length
      return undefined
    }
    input.start = start + 1 + length
    return input.text(start + 1, input.start)
  },
  encode(text, output) {
    const length = Buffer.byteLength(text)
    if (length === 0 || length > 255) throw new RangeError(`a text takes 1 to 255 bytes, not ${length}`)
    output.byte(length)
    output.text(text)
  },
}

/** What a peer sends to say these texts. */
export function said(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])),
  )
}
