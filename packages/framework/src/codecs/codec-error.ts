/** What codecs throw at bytes that are no message. */
import { ErrorCode, SocketError } from '@pollux/core'

/**
 * Bytes that a codec can't take for a message. The connection is destroyed with it, and its `code` says what was wrong:
 * ERR_POLLUX_FRAME_TOO_LONG, ERR_POLLUX_MALFORMED_FRAME or ERR_POLLUX_INCOMPLETE_FRAME.
 *
 * @example
 * ```ts
 * throw new CodecError('a digit was expected after "$"', { code: 'ERR_POLLUX_MALFORMED_FRAME' })
 * ```
 */
export class CodecError extends SocketError {
  override readonly name = 'CodecError'
}

/** A frame, or what is there of it, takes more bytes than it may. */
export function frameTooLong(maxBytes: number, what = 'a frame'): CodecError {
  return new CodecError(`${what} is longer than ${maxBytes} bytes, the most that is allowed`, {
    code: ErrorCode.FRAME_TOO_LONG,
  })
}

/**
 * What came is no frame.
 *
 * @param why what was expected and what came, without the bytes themselves: they may be secret
 * @param cause the error that says more, if there is one
 */
export function malformedFrame(why: string, cause?: unknown): CodecError {
  return new CodecError(`malformed frame: ${why}`, { code: ErrorCode.MALFORMED_FRAME, cause })
}

/** The peer ended in the middle of a frame. */
export function incompleteFrame(bytes: number): CodecError {
  return new CodecError(`the peer ended in the middle of a frame, with ${bytes} bytes of it sent`, {
    code: ErrorCode.INCOMPLETE_FRAME,
  })
}
