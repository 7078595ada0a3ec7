// A codec for tests that want messages and not a codec's fine points.
import { type Codec, frameTooLong } from '@pollux/framework'

const NEWLINE = 0x0a

/** Lines of text of at most so many bytes. */
export function textLines(maxLength: number): Codec<string> {
  return {
    maxFrameBytes: maxLength,
    decode(input) {
      const at = input.bytes.indexOf(NEWLINE, input.start)
      if (at < 0 || at >= input.end) {
        if (input.length > maxLength) throw frameTooLong(maxLength)
        return undefined
      }
      const line = input.text(input.start, at)
      input.start = at + 1
      return line
    },
    encode(line, output) {
      output.text(line)
      output.byte(NEWLINE)
    },
  }
}
