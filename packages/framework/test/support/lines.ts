// A codec of the tests' own: text by lines.
import { type Codec, frameTooLong } from '@pollux/framework'

const MAX_BYTES = 65_536

export const byLines: Codec<string> = {
  maxFrameBytes: MAX_BYTES,
  decode(input) {
    const { start, end, bytes, scanned } = input
    const at = bytes.indexOf(10, start + scanned)
    if (at < 0 || at >= end) {
      if (end - start > MAX_BYTES) throw frameTooLong(MAX_BYTES, 'a line')
      input.scanned = end - start
      return undefined
    }
    input.start = at + 1
    return input.text(start, at)
  },
  encode: (line, output) => output.text(`${line}\n`),
}
