/** The framework's own errors, with the words that go with each code. */
import { ErrorCode, SocketError } from '@pollux/core'
import { CodecError } from './codecs/codec-error.js'

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

export function fileShrank(cause: unknown): SocketError {
  const text =
    'the file became shorter while it was being sent: what the peer was promised can not be sent any more, and the ' +
    'connection is reset; replace files by renaming new ones over them'
  return new SocketError(text, { code: ErrorCode.FILE_CHANGED, cause })
}

export function closedBeforeSent(cause: unknown): SocketError {
  return new SocketError('the connection closed before the file was sent', { code: ErrorCode.CLOSED, cause })
}

export function gateFull(maxBytes: number): SocketError {
  const text = `more than ${maxBytes} bytes were written while a file was being sent before them; await sendFile() first`
  return new SocketError(text, { code: ErrorCode.QUEUE_FULL })
}

export function noTopics(): Error {
  return new TypeError('only connections of a server can subscribe to its topics')
}

export function sendFileClosed(): SocketError {
  return new SocketError('no file can be sent on a connection that has ended or closed', {
    code: ErrorCode.CLOSED,
  })
}

/** @param what which side did what */
export function pipeBroken(what: string, cause: unknown): SocketError {
  return new SocketError(`the pipe broke: ${what}`, { code: ErrorCode.PIPE_BROKEN, cause })
}

export function pipedAlready(which: 'from' | 'to'): SocketError {
  const text = which === 'from' ? 'the connection is piped to another' : 'another connection is piped to it'
  return new SocketError(`${text} already; one pipe at a time`, { code: 'EBUSY' })
}

export function upgradeClosed(): SocketError {
  return new SocketError('a closed connection can not be upgraded', { code: ErrorCode.CLOSED })
}

export function notLetIn(reason: string | undefined): SocketError {
  const text = `the connection was closed before it was open (${reason})`
  return new SocketError(text, { code: ErrorCode.CLOSED })
}

export function notConnected(): SocketError {
  const text = 'the client is not connected, and maxOfflineBytes (0) lets it keep nothing for later'
  return new SocketError(text, { code: ErrorCode.NOT_CONNECTED })
}

export function offlineFull(keptBytes: number, length: number, maxOfflineBytes: number): SocketError {
  const text =
    `the client is not connected and keeps ${keptBytes} bytes for later; ${length} more would pass ` +
    `maxOfflineBytes (${maxOfflineBytes})`
  return new SocketError(text, { code: ErrorCode.QUEUE_FULL })
}

export function clientClosed(): SocketError {
  return new SocketError('the client was closed', { code: ErrorCode.CLOSED })
}

export function reconnectFailed(failures: number, cause: unknown): SocketError {
  const why = cause instanceof Error ? `; the last: ${cause.message}` : ''
  const text = `gave up after ${failures} ${failures === 1 ? 'failure' : 'failures'} (maxAttempts)${why}`
  return new SocketError(text, { code: ErrorCode.RECONNECT_FAILED, cause })
}

export function waitedTooLong(timeoutMs: number, what: string): SocketError {
  return new SocketError(`no ${what} within ${timeoutMs} ms`, { code: ErrorCode.TIMEOUT })
}

export function tooManyWaiting(maxWaiting: number, what: string): SocketError {
  const text = `${maxWaiting} wait for ${what} already (maxWaiting)`
  return new SocketError(text, { code: ErrorCode.TOO_MANY_WAITING })
}

export function poolClosed(): SocketError {
  return new SocketError('the pool was closed', { code: ErrorCode.CLOSED })
}

export function noAnswer(cause: unknown): SocketError {
  const text =
    'the connection closed before the request was answered; whether it was carried out is not known'
  return new SocketError(text, { code: ErrorCode.NO_ANSWER, cause })
}

export function unexpectedAnswer(): SocketError {
  const text = 'the peer sent a message that answers no request; `isPush` tells which need not'
  return new SocketError(text, { code: ErrorCode.UNEXPECTED_ANSWER })
}

export function lostEarly(): SocketError {
  return new SocketError('the connection closed before it could be used', { code: ErrorCode.CLOSED })
}

export function requestNotSent(): SocketError {
  const text = 'the request was not sent: the connection takes no more (overflow: drop)'
  return new SocketError(text, { code: ErrorCode.QUEUE_FULL })
}

export function notOpen(): SocketError {
  return new SocketError('the request was not sent: the connection is not open', {
    code: ErrorCode.NOT_CONNECTED,
  })
}

export function notInstalled(): SocketError {
  const text = 'this connection has not the plugin that is to send requests over it: give it in `plugins`'
  return new SocketError(text, { code: ErrorCode.NOT_CONNECTED })
}

export function inputTaken(): SocketError {
  const text = "an iterator or a stream takes this connection's messages already"
  return new SocketError(text, { code: ErrorCode.INPUT_TAKEN })
}

/** Somebody closed it, and neither the peer nor whoever waits for its messages. */
export function closedBeforeEnd(reason: string | undefined): SocketError {
  const text = `the connection closed before its peer had ended (${reason})`
  return new SocketError(text, { code: ErrorCode.CLOSED })
}

export function startTlsClosed(): SocketError {
  return new SocketError('TLS can only be started on an open connection', { code: ErrorCode.CLOSED })
}

export function startTlsTwice(): SocketError {
  return new SocketError('the connection is TLS already', { code: ErrorCode.TLS })
}

export function noTls(): SocketError {
  return new SocketError('the server was made without `tls`', { code: ErrorCode.TLS })
}

export function proxyHeaderTimeout(timeoutMs: number): CodecError {
  const text = `the header of the proxy was not complete within timeoutMs (${timeoutMs})`
  return new CodecError(text, { code: ErrorCode.HANDSHAKE_TIMEOUT })
}
