/** The frames of each codec, written by hand: the clients are not made of what they test. */
import type { Framing } from './rounds.js'

export const FIXED_BYTES = 32
export const DELIMITER = '\0'

/** One frame around a payload of letters. */
export function frame(framing: Framing, text: string): Buffer {
  switch (framing) {
    case 'raw':
      return Buffer.from(text)
    case 'lines':
      return Buffer.from(`${text}\n`)
    case 'delimited':
      return Buffer.from(text + DELIMITER)
    case 'fixed':
      return Buffer.from(text.padEnd(FIXED_BYTES, '.').slice(0, FIXED_BYTES))
    case 'netstring':
      return Buffer.from(`${text.length}:${text},`)
    case 'json':
      return Buffer.from(`${JSON.stringify({ text })}\n`)
    case 'lengthPrefixed': {
      const bytes = Buffer.alloc(4 + text.length, text)
      bytes.writeUInt32BE(text.length)
      bytes.write(text, 4)
      return bytes
    }
  }
}
