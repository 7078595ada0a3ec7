/** What a datagram socket could not do. */

import type { NativeDatagramFailure } from '@pollux/native-poll'
import { publicAddress } from '../address.js'
import { ErrorCode, SocketError, type SocketErrorDetails } from '../errors.js'
import { syscallName, systemError } from '../system-error.js'

/**
 * A datagram could not be sent, or the network had something to say about an earlier one. The socket goes on.
 *
 * `code` is the system's ('EMSGSIZE', 'ECONNREFUSED', …), or ERR_POLLUX_QUEUE_FULL for datagrams that found no room in
 * the queue.
 */
export class DatagramError extends SocketError {
  override readonly name: string = 'DatagramError'
  /** How many datagrams were dropped; 0 where the error is about earlier ones, which were sent. */
  readonly datagrams: number
  /** Bytes of the first of them. */
  readonly bytes: number

  constructor(message: string, details: SocketErrorDetails, datagrams: number, bytes: number) {
    super(message, details)
    this.datagrams = datagrams
    this.bytes = bytes
  }
}

/** The error that a failure of the addon stands for. */
export function datagramError(failure: NativeDatagramFailure): DatagramError {
  const { errno, syscall, datagrams, bytes } = failure
  const endpoint = failure.address === null ? undefined : publicAddress(failure.address)
  if (errno === 0) {
    const text = `${datagrams} ${datagrams === 1 ? 'datagram was' : 'datagrams were'} dropped: the send queue is full`
    const details: SocketErrorDetails = { code: ErrorCode.QUEUE_FULL }
    const advice = 'send less, wait for `drain`, or raise maxQueuedBytes'
    return new DatagramError(`${text}; ${advice}`, details, datagrams, bytes)
  }
  const plain = systemError(errno, syscallName(syscall), endpoint)
  return new DatagramError(plain.message, plain, datagrams, bytes)
}
