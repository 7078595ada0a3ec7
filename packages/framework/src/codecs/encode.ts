/** Messages encoded apart from a connection. */
import type { Codec } from './codec.js'
import { Output } from './output.js'

/**
 * The bytes of one message, in memory of their own: for fan-out, where many connections get the same copy, and for tests.
 *
 * @throws what `codec.encode` throws
 *
 * @example
 * ```ts
 * import { encodeToBuffer, lines } from '@pollux/framework'
 *
 * console.log(encodeToBuffer(lines(), 'hello')) // <Buffer 68 65 6c 6c 6f 0a>
 * ```
 */
export function encodeToBuffer<Out>(codec: Codec<unknown, Out>, message: Out): Buffer {
  const output = new Output()
  output.openDetached()
  codec.encode(message, output)
  return output.view()
}
