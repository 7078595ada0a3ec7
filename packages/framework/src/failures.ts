/** The framework's own errors, with the words that go with each code. */
import { ErrorCode, SocketError } from '@pollux/core'

export function writeAfterEnd(): SocketError {
  return new SocketError('write after end: end() was called on this connection', {
    code: ErrorCode.WRITE_AFTER_END,
  })
}

export function queueFull(queuedBytes: number, length: number, maxQueuedBytes: number): SocketError {
  const text =
    `${queuedBytes} bytes are queued, and ${length} more would pass maxQueuedBytes (${maxQueuedBytes}): ` +
    'the peer reads too slowly; stop writing when write() returns false'
  return new SocketError(text, { code: ErrorCode.QUEUE_FULL })
}

export function idleTimeout(timeoutMs: number): SocketError {
  return new SocketError(`no byte moved for ${timeoutMs} ms`, { code: ErrorCode.IDLE_TIMEOUT })
}

export function handshakeTimeout(timeoutMs: number): SocketError {
  const text = `the connection was not ready for its first message within handshakeTimeoutMs (${timeoutMs})`
  return new SocketError(text, { code: ErrorCode.HANDSHAKE_TIMEOUT })
}

export function firstMessageTimeout(timeoutMs: number): SocketError {
  const text = `no complete message came within firstMessageTimeoutMs (${timeoutMs})`
  return new SocketError(text, { code: ErrorCode.FIRST_MESSAGE_TIMEOUT })
}

export function messageTimeout(timeoutMs: number): SocketError {
  const text = `a message that had begun was not complete within messageTimeoutMs (${timeoutMs})`
  return new SocketError(text, { code: ErrorCode.MESSAGE_TIMEOUT })
}

export function writeTimeout(timeoutMs: number): SocketError {
  const text = `output was queued, and the peer took nothing of it for writeTimeoutMs (${timeoutMs})`
  return new SocketError(text, { code: ErrorCode.WRITE_TIMEOUT })
}

export function rateLimited(what: string, perSecond: number): SocketError {
  return new SocketError(`the peer sent more than ${perSecond} ${what} per second`, {
    code: ErrorCode.RATE_LIMITED,
  })
}

export function overloaded(queuedBytes: number, maxQueuedBytes: number): SocketError {
  const text =
    `the server has too much output queued (maxQueuedBytes of overload: ${maxQueuedBytes}), ` +
    `and ${queuedBytes} bytes of it are for this peer, which reads too slowly`
  return new SocketError(text, { code: ErrorCode.OVERLOAD })
}

export function serverClosed(): SocketError {
  const text = 'the server was closed; make a new one to listen again'
  return new SocketError(text, { code: ErrorCode.SERVER_CLOSED })
}

export function loopClosed(): SocketError {
  return new SocketError('the event loop was closed while connecting', { code: ErrorCode.CLOSED })
}

export function closedBeforeDrain(cause: unknown): SocketError {
  const text = 'the connection closed before its output had drained'
  return new SocketError(text, { code: ErrorCode.CLOSED, cause })
}

export function upgradeClosed(): SocketError {
  return new SocketError('a closed connection can not be upgraded', { code: ErrorCode.CLOSED })
}
