/** The error for each deadline. */
import type { SocketError } from '@pollux/core'
import {
  firstMessageTimeout,
  handshakeTimeout,
  idleTimeout,
  messageTimeout,
  writeTimeout,
} from '../failures.js'
import type { Deadline, Deadlines } from './deadlines.js'

/** What a connection fails with that has missed it. */
export function deadlineError(deadline: Deadline, deadlines: Deadlines): SocketError {
  const { timeouts } = deadlines
  switch (deadline) {
    case 'idle':
      return idleTimeout(deadlines.idleMs)
    case 'handshake':
      return handshakeTimeout(timeouts.handshakeMs)
    case 'firstMessage':
      return firstMessageTimeout(timeouts.firstMessageMs)
    case 'message':
      return messageTimeout(timeouts.messageMs)
    case 'write':
      return writeTimeout(timeouts.writeMs)
  }
}
