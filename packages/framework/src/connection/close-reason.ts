/** Why connections close, in words that counters and logs can be grouped by. */
import { ErrorCode } from '@pollux/core'

/** The reasons of Pollux itself; plugins add their own by `destroyFor`. */
export const CloseReason = {
  /** Both halves ended in order. */
  ENDED: 'ended',
  /** `destroy()`. */
  DESTROYED: 'destroyed',
  /** `reset()`. */
  RESET: 'reset',
  /** The peer sent a reset, or closed while we were sending. */
  PEER_RESET: 'peer_reset',
  /** Any other failure of the network. */
  NETWORK_ERROR: 'network_error',
  /** A handler threw, or its promise was rejected. */
  HANDLER_ERROR: 'handler_error',
  /** The codec could not take the bytes for a message. */
  CODEC_ERROR: 'codec_error',
  /** A write would have passed `maxQueuedBytes`. */
  QUEUE_FULL: 'queue_full',
  /** A file became shorter while it was being sent. */
  FILE_CHANGED: 'file_changed',
  /** The other end of a pipe closed before its time. */
  PIPE_BROKEN: 'pipe_broken',
  IDLE_TIMEOUT: 'idle_timeout',
  /** What comes before the first message took longer than `handshakeTimeoutMs`. */
  HANDSHAKE_TIMEOUT: 'handshake_timeout',
  /** No message within `firstMessageTimeoutMs`. */
  FIRST_MESSAGE_TIMEOUT: 'first_message_timeout',
  /** A message that had begun was not complete within `messageTimeoutMs`. */
  MESSAGE_TIMEOUT: 'message_timeout',
  /** The peer took nothing of what was queued for `writeTimeoutMs`. */
  WRITE_TIMEOUT: 'write_timeout',
  /** It sent more than its rate allows: `limits` with `overRate: 'close'`. */
  RATE_LIMITED: 'rate_limited',
  /** The server had too much queued, and this connection more than others: `overload`. */
  OVERLOAD: 'overload',
  /** TLS: a handshake that failed or took too long, a certificate that was not accepted, a record that was forged. */
  TLS_ERROR: 'tls_error',
  /** What should have been the header of a proxy (PROXY protocol) was none, or took too long. */
  PROXY_HEADER: 'proxy_header',
  /** `close()` of the server came to its deadline. */
  SHUTDOWN: 'shutdown',
  /** The event loop was closed. */
  LOOP_CLOSED: 'loop_closed',
} as const

const BY_CODE: Readonly<Record<string, string>> = {
  ECONNRESET: CloseReason.PEER_RESET,
  EPIPE: CloseReason.PEER_RESET,
  [ErrorCode.QUEUE_FULL]: CloseReason.QUEUE_FULL,
  [ErrorCode.FILE_CHANGED]: CloseReason.FILE_CHANGED,
  [ErrorCode.IDLE_TIMEOUT]: CloseReason.IDLE_TIMEOUT,
  [ErrorCode.HANDSHAKE_TIMEOUT]: CloseReason.HANDSHAKE_TIMEOUT,
  [ErrorCode.FIRST_MESSAGE_TIMEOUT]: CloseReason.FIRST_MESSAGE_TIMEOUT,
  [ErrorCode.MESSAGE_TIMEOUT]: CloseReason.MESSAGE_TIMEOUT,
  [ErrorCode.WRITE_TIMEOUT]: CloseReason.WRITE_TIMEOUT,
  [ErrorCode.RATE_LIMITED]: CloseReason.RATE_LIMITED,
  [ErrorCode.OVERLOAD]: CloseReason.OVERLOAD,
}

/** The reason that stands for a failure which the network or we ourselves found. */
export function closeReasonOf(error: { code: string }): string {
  return BY_CODE[error.code] ?? CloseReason.NETWORK_ERROR
}
