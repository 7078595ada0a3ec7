/** The contract between a connection and its protocol. */
import type { Input } from './input.js'
import type { Output } from './output.js'

/**
 * Turns bytes into messages and messages into bytes.
 *
 * One object may serve all connections: what has to be remembered of one connection's incomplete frame stands in
 * `Input` (`scanned`, `needed`, and the bytes themselves, which are there again at the next call).
 *
 * @example
 * ```ts
 * import { type Codec, type Input, malformedFrame, type Output } from '@pollux/framework'
 *
 * // One byte of length, then so many bytes of text.
 * const shortText: Codec<string> = {
 *   maxFrameBytes: 256,
 *   decode(input: Input) {
 *     const { start, end, bytes } = input
 *     if (end - start < 1) return undefined
 *     const length = bytes[start]
 *     if (length === 0) throw malformedFrame('a text of no length')
 *     if (end - start < 1 + length) {
 *       input.needed = 1 + length
 *       return undefined
 *     }
 *     input.start = start + 1 + length
 *     return input.text(start + 1, input.start)
 *   },
 *   encode(text: string, output: Output) {
 *     const length = Buffer.byteLength(text)
 *     if (length === 0 || length > 255) throw new RangeError(`a text takes 1 to 255 bytes, not ${length}`)
 *     output.byte(length)
 *     output.text(text)
 *   },
 * }
 * ```
 */
export interface Codec<In, Out = In> {
  /**
   * The most bytes of an incomplete frame that are kept. A frame that is still incomplete with more of them fails the
   * connection with ERR_POLLUX_FRAME_TOO_LONG, whatever `decode` thinks of it.
   */
  readonly maxFrameBytes: number
  /**
   * The next message, or undefined while it is incomplete. Moves `input.start` behind the message; bytes before a message that
   * mean nothing may be consumed without one. Called again for the bytes that are left.
   *
   * @throws CodecError for bytes that can't become a message: the connection is destroyed with it
   */
  decode(input: Input): In | undefined
  /**
   * Appends the bytes of a message.
   *
   * @throws TypeError, RangeError or {@link CodecError} for what can't be sent; nothing of it is sent then
   */
  encode(message: Out, output: Output): void
  /**
   * The peer has ended, and bytes are left over: the message that they are, for protocols whose last message needs no
   * ending. What is left when it returns undefined fails the connection with ERR_POLLUX_INCOMPLETE_FRAME.
   */
  end?(input: Input): In | undefined
}

/** A codec, or, if it has state of its own, a function that makes one for each connection. */
export type CodecSource<In, Out = In> = Codec<In, Out> | (() => Codec<In, Out>)
