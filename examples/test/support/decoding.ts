// Codecs without a connection: bytes in pieces, as a network may deliver them.
import type { Codec } from '@pollux/framework'
import { Input } from '../../../packages/framework/src/codecs/input.js'

/**
 * Decodes bytes that come in pieces, by the rules of a connection, and stops at the first error.
 *
 * @param cuts where pieces end
 * @param look makes what is kept of a message, while it is valid
 */
export function decodeInPieces<In, Kept>(
  codec: Codec<In, never>,
  bytes: Buffer,
  cuts: readonly number[],
  look: (message: In) => Kept,
  borrow = true,
): { messages: Kept[]; error: unknown; left: number } {
  const messages: Kept[] = []
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b)
  // Memory of its own, so that what a codec reads beyond the end is seen.
  const memory = Buffer.alloc(bytes.length + 64, '*')
  const input = new Input(memory)
  input.borrow = borrow
  try {
    for (const end of [...ends, bytes.length]) {
      bytes.copy(memory, input.end, input.end, end)
      input.end = end
      while (input.start < input.end && input.length >= input.needed) {
        const before = input.start
        const message = codec.decode(input)
        if (message === undefined && input.start === before) break
        if (message === undefined) continue
        if (input.start === before) throw new Error('a message of no bytes')
        input.scanned = 0
        input.needed = 0
        messages.push(look(message))
      }
    }
    return { messages, error: undefined, left: input.length }
  } catch (error) {
    return { messages, error, left: input.length }
  }
}
