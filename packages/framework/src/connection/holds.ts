/** Why a connection stands still. */

/**
 * Reasons to read nothing and deliver nothing for a while; bits, since several may hold a connection at once.
 * Reading goes on when the last one is released.
 */
export const Hold = {
  /** `pause()`. */
  USER: 1,
  /** A handler's promise is not settled. */
  HANDLER: 2,
  /** The connection's own output is above its high watermark. */
  OUTPUT: 4,
  /** The server has too much output queued. */
  OVERLOAD: 8,
  /** A rate limit. */
  RATE: 16,
  /** Whoever takes the messages (an iterator, a stream) has enough of them for now. */
  ADAPTER: 32,
  /** A pipe takes the bytes, as a rule in the kernel: they are read, but no handler gets them. */
  PIPE: 64,
  /** What it is piped to has enough for now. */
  PIPE_FULL: 128,
  /** TLS is about to take the bytes over. */
  TLS: 256,
  /** A plugin has `open` wait. */
  OPENING: 512,
} as const
