/** Every error that Pollux makes, in one place. */

/**
 * The codes of Pollux's own errors; a system call's failure has the system's code ('ECONNREFUSED') instead.
 *
 * The addon adds what can go wrong when it is loaded: `ERR_POLLUX_NOT_BUILT`, `ERR_POLLUX_LOAD_FAILED`,
 * `ERR_POLLUX_UNKNOWN_TARGET` and `ERR_POLLUX_UNSUPPORTED_PLATFORM`.
 */
export const ErrorCode = {
  /** A socket or an event loop was used after it was closed. */
  CLOSED: 'ERR_POLLUX_CLOSED',
  /** A borrowed chunk was used after its handler returned. Noticed with POLLUX_DEBUG=1 only. */
  BORROWED_CHUNK: 'ERR_POLLUX_BORROWED_CHUNK',
  /** A handler transferred the memory of a received chunk away, and with it chunks of other connections. */
  MEMORY_DETACHED: 'ERR_POLLUX_MEMORY_DETACHED',
  /**
   * More bytes waited to be sent than `maxQueuedBytes` allows: a connection was reset; of a datagram socket, datagrams
   * were dropped.
   */
  QUEUE_FULL: 'ERR_POLLUX_QUEUE_FULL',
  /** `reply` or another question about the received datagram, when none is being handled. */
  NO_DATAGRAM: 'ERR_POLLUX_NO_DATAGRAM',
  /** `write` or `end(data)` after `end`. */
  WRITE_AFTER_END: 'ERR_POLLUX_WRITE_AFTER_END',
  /** No byte moved either way for `idleTimeoutMs`, and there was no `timeout` handler. */
  IDLE_TIMEOUT: 'ERR_POLLUX_IDLE_TIMEOUT',
  /** The peer sent no complete message within `firstMessageTimeoutMs`. */
  FIRST_MESSAGE_TIMEOUT: 'ERR_POLLUX_FIRST_MESSAGE_TIMEOUT',
  /** A message that had begun was not complete within `messageTimeoutMs`. */
  MESSAGE_TIMEOUT: 'ERR_POLLUX_MESSAGE_TIMEOUT',
  /** Output was queued, and the peer took nothing of it for `writeTimeoutMs`. */
  WRITE_TIMEOUT: 'ERR_POLLUX_WRITE_TIMEOUT',
  /** What comes before the first message (a TLS handshake, a proxy's header) took longer than `handshakeTimeoutMs`. */
  HANDSHAKE_TIMEOUT: 'ERR_POLLUX_HANDSHAKE_TIMEOUT',
  /** A connection sent more messages or bytes than its rate allows, and `overRate` is 'close'. */
  RATE_LIMITED: 'ERR_POLLUX_RATE_LIMITED',
  /** The server had too much output queued, and this connection had more than others. */
  OVERLOAD: 'ERR_POLLUX_OVERLOAD',
  /** A promise was given a `timeoutMs`, and it was not settled by then. */
  TIMEOUT: 'ERR_POLLUX_TIMEOUT',
  /** A frame takes more bytes than the codec allows. */
  FRAME_TOO_LONG: 'ERR_POLLUX_FRAME_TOO_LONG',
  /** Bytes that the codec can not take for a message. */
  MALFORMED_FRAME: 'ERR_POLLUX_MALFORMED_FRAME',
  /** The peer ended in the middle of a frame. */
  INCOMPLETE_FRAME: 'ERR_POLLUX_INCOMPLETE_FRAME',
  /** A file became shorter while it was being sent. */
  FILE_CHANGED: 'ERR_POLLUX_FILE_CHANGED',
  /** One of the two connections of a pipe closed, or failed, before the other's end. */
  PIPE_BROKEN: 'ERR_POLLUX_PIPE_BROKEN',
  /** Something was to be sent over a client that is not connected, and that keeps nothing for later. */
  NOT_CONNECTED: 'ERR_POLLUX_NOT_CONNECTED',
  /** A reconnecting client has failed as often as `maxAttempts` allows; `cause` is the last failure. */
  RECONNECT_FAILED: 'ERR_POLLUX_RECONNECT_FAILED',
  /** As many wait for a connection or an answer as `maxWaiting` allows. */
  TOO_MANY_WAITING: 'ERR_POLLUX_TOO_MANY_WAITING',
  /** The connection closed before a request was answered; `cause` says why, if it failed. */
  NO_ANSWER: 'ERR_POLLUX_NO_ANSWER',
  /** A message that answers no request, on a connection where each one has to. */
  UNEXPECTED_ANSWER: 'ERR_POLLUX_UNEXPECTED_ANSWER',
  /** A connection's messages were asked for by an iterator or a stream while another takes them. */
  INPUT_TAKEN: 'ERR_POLLUX_INPUT_TAKEN',
  /** TLS failed, for a reason that OpenSSL and Node have no code for. */
  TLS: 'ERR_POLLUX_TLS',
  /** `listen` on a server that was closed. */
  SERVER_CLOSED: 'ERR_POLLUX_SERVER_CLOSED',
  /** A worker of `serve` could not start; `cause` says why. */
  WORKER_START: 'ERR_POLLUX_WORKER_START',
  /** A worker of `serve` ended by itself, or did not end in time; `cause` says what it threw. */
  WORKER_EXIT: 'ERR_POLLUX_WORKER_EXIT',
} as const

/** One of the values of {@link ErrorCode}. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** What a {@link SocketError} says beside its message. */
export interface SocketErrorDetails {
  code: string
  /** Negative, as in Node's system errors; of a name service's error the value of its code. */
  errno?: number
  syscall?: string
  /** An IP address, a host name or a path. */
  address?: string
  port?: number
  bytesTransferred?: number
  datagramsSent?: number
  cause?: unknown
}

/**
 * A socket operation failed. Shaped like Node's system errors, so that existing checks work.
 *
 * @example
 * ```ts
 * try {
 *   await server.listen({ host: '127.0.0.1', port: 80 })
 * } catch (error) {
 *   if (error instanceof SocketError && error.code === 'EACCES') console.error(error.message)
 * }
 * ```
 */
export class SocketError extends Error {
  override readonly name: string = 'SocketError'
  /** The system's name of the error ('ECONNREFUSED'), or one of {@link ErrorCode}. */
  readonly code: string
  /** The error number, negative, if a system call failed; the EAI_* or h_errno value, if a name service did. */
  declare readonly errno?: number
  /** Which system call failed. */
  declare readonly syscall?: string
  /** The address that it was about. */
  declare readonly address?: string
  declare readonly port?: number
  /** How much of a call's data was sent or received before it failed; only where that is more than nothing. */
  declare readonly bytesTransferred?: number
  /** How many datagrams of a batch `sendmmsg` had sent when it failed. */
  declare readonly datagramsSent?: number

  constructor(message: string, details: SocketErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    if (details.errno !== undefined) this.errno = details.errno
    if (details.syscall !== undefined) this.syscall = details.syscall
    if (details.address !== undefined) this.address = details.address
    if (details.port !== undefined) this.port = details.port
    if (details.bytesTransferred !== undefined) this.bytesTransferred = details.bytesTransferred
    if (details.datagramsSent !== undefined) this.datagramsSent = details.datagramsSent
  }
}

/** A `TypeError` with the code and words of Node's `ERR_INVALID_ARG_TYPE`. */
export function invalidArgType(name: string, expected: string, actual: unknown): TypeError {
  return withCode(
    new TypeError(`The "${name}" argument must be ${expected}. Received ${describe(actual)}`),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** A `TypeError` with the code and words of Node's `ERR_INVALID_ARG_VALUE`. */
export function invalidArgValue(name: string, reason: string, actual: unknown): TypeError {
  return withCode(
    new TypeError(`The argument '${name}' ${reason}. Received ${describe(actual)}`),
    'ERR_INVALID_ARG_VALUE',
  )
}

/** A `RangeError` with the code and words of Node's `ERR_OUT_OF_RANGE`. */
export function outOfRange(name: string, range: string, actual: unknown): RangeError {
  return withCode(
    new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${String(actual)}`),
    'ERR_OUT_OF_RANGE',
  )
}

function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${nameOf(() => value)}`.trim()
  if (typeof value === 'object') return `an instance of ${nameOf(() => value.constructor) || 'Object'}`
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return `type ${typeof value} (${text.length > 60 ? `${text.slice(0, 60)}…` : text})`
}

/** '' where it has none, or a getter or a proxy of it throws: what was wrong is to be said all the same. */
function nameOf(named: () => unknown): string {
  try {
    const { name } = named() as { name: unknown }
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}
