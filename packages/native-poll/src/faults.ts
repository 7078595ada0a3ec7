/** What tests ask of a kernel that fails. */

/** Replaces the outcome of system calls, in builds for tests only. */
export interface FaultRule {
  /** Which call: 'recv', 'send', 'sendmsg', 'recvmmsg', 'sendmmsg', 'accept', 'connect', 'socket', 'shutdown', 'epoll_wait', 'poll', … */
  call: string
  /** Calls of that name to let pass first. Default 0. */
  after?: number
  /** How many calls it then applies to. Default 1. */
  times?: number
  /**
   * Fail with this errno, by name: 'EAGAIN'. The real call is not made. For name services also their own errors:
   * 'EAI_AGAIN', 'TRY_AGAIN'.
   */
  error?: string
  /** Make the real call with at most this many bytes (recv, send, sendmsg) or messages (recvmmsg, sendmmsg). */
  maxBytes?: number
  /** Wait for `release` before anything else (name services: 'getaddrinfo', 'getnameinfo', …). */
  hold?: boolean
}

/** Rules and counts belong to the thread, but those of name services to the process. */
export interface FaultControl {
  inject(rule: FaultRule): void
  clear(): void
  /** Lets go of the calls that are held. `clear` does too. */
  release(): void
  /** How often each call was made since the last `clear`. */
  counts(): Record<string, number>
}
