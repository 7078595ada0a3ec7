/** What a datagram channel tells its user. */
import type { SocketError } from '../errors.js'
import type { DatagramChannel } from './datagram-channel.js'
import type { DatagramError } from './datagram-error.js'

/**
 * What happens to a {@link DatagramChannel}. One object may serve many channels.
 *
 * The bytes that a handler gets are borrowed: they are valid until it returns, and `Buffer.from(data)` keeps them. With
 * POLLUX_DEBUG=1 their use after that is caught.
 */
export interface DatagramHandlers {
  /** A datagram arrived; it may be empty. */
  datagram(channel: DatagramChannel, data: Buffer): void
  /**
   * With `gro`: several datagrams of one sender, one after the other, each of `segmentBytes` (the last may be shorter).
   * Without this handler they come to `datagram` one by one.
   */
  segments?(channel: DatagramChannel, data: Buffer, segmentBytes: number): void
  /**
   * Something failed, and the channel goes on: a {@link DatagramError}, or what a handler threw. Without this handler
   * failures are only counted, and what a handler threw becomes an uncaughtException. After any other
   * {@link SocketError} `close` follows.
   */
  error?(channel: DatagramChannel, error: unknown): void
  /** What waits to be sent has fallen to the mark of `watchDrain`. */
  drain?(channel: DatagramChannel): void
  /** The socket is closed. The last call. */
  close?(channel: DatagramChannel): void
}

/** What a channel has done so far. A datagram is one of the network's, however many came or left in one. */
export interface DatagramStatistics {
  received: number
  sent: number
  /** Received, but longer than `maxDatagramBytes`. */
  truncated: number
  /** Given to `send`, `sendTo` or `reply` and never sent; each is in an `error` too. */
  dropped: number
  /** Failures of any kind. */
  errors: number
  bytesReceived: number
  bytesSent: number
  /** Whether `gro` and `gso` are in effect: the system may not have them, or have refused. */
  gro: boolean
  gso: boolean
}
