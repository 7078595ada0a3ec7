/** Bytes as they come. */
import type { Codec } from './codec.js'
import type { Input } from './input.js'
import type { Output } from './output.js'
import { appendPayload, type Payload, payloadLength } from './payload.js'

/**
 * Bytes as they come, in pieces that mean nothing: what follows an `upgrade` to a stream, for instance. Nothing that is
 * received is an error.
 *
 * @example
 * ```ts
 * import { createServer, lines, raw } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: lines(),
 *   message(conn, line) {
 *     if (line === 'STREAM') conn.upgrade(raw(), { message: (stream, bytes) => void stream.send(bytes) })
 *   },
 * })
 * ```
 */
export function raw(): Codec<Buffer, Payload> {
  return new Raw()
}

class Raw implements Codec<Buffer, Payload> {
  /** Nothing is ever incomplete. */
  readonly maxFrameBytes = 0

  decode(input: Input): Buffer | undefined {
    const { start, end } = input
    if (start === end) return undefined
    input.start = end
    return input.take(start, end)
  }

  encode(message: Payload, output: Output): void {
    payloadLength(message)
    appendPayload(output, message)
  }
}
