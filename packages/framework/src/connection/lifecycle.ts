/**
 * The life of a connection: one state, and one function that changes it.
 *
 * ```
 *                       end()
 *   CONNECTING ─▶ OPEN ─────────▶ ENDED ──────────┐ peer's end
 *        │         │                              ▼
 *        │         │ peer's end              CLOSING ──────┐
 *        │         └──▶ PEER_ENDED ───────────────┘ end()  │ output sent,
 *        │                                                 ▼ fd closed
 *        └── destroy(), reset(), an error: from each ─▶ DESTROYED ─▶ CLOSED
 * ```
 *
 * Entering ENDED sends what is queued and half-closes; CLOSING sends it and closes; DESTROYED closes at once.
 * The numbers are ordered so that one comparison answers a question: up to PEER_ENDED one can write, up to ENDED
 * bytes still arrive, from DESTROYED on no handler but `error` and `close` is called.
 */

/** States of a connection. */
export const Lifecycle = {
  /** Both halves are open. */
  OPEN: 0,
  /** The peer will send no more; we may. */
  PEER_ENDED: 1,
  /** We will send no more than what is queued; the peer may. */
  ENDED: 2,
  /** Not connected yet. */
  CONNECTING: 3,
  /** Both halves have ended; what is queued is being sent. */
  CLOSING: 4,
  /** Closed at once; the reactor has yet to confirm it. */
  DESTROYED: 5,
  /** The fd is closed. */
  CLOSED: 6,
} as const

export type Lifecycle = (typeof Lifecycle)[keyof typeof Lifecycle]

/** What can happen to a connection. */
export const Happening = {
  CONNECTED: 0,
  /** Our `end()`. */
  END: 1,
  /** The peer's end. */
  PEER_END: 2,
  DESTROY: 3,
  CLOSED: 4,
} as const

export type Happening = (typeof Happening)[keyof typeof Happening]

const { OPEN, PEER_ENDED, ENDED, CONNECTING, CLOSING, DESTROYED, CLOSED } = Lifecycle

/** By state, then by happening. What cannot happen, or changes nothing, leads back to the state itself. */
const NEXT: readonly (readonly Lifecycle[])[] = [
  // CONNECTED, END, PEER_END, DESTROY, CLOSED
  [OPEN, ENDED, PEER_ENDED, DESTROYED, CLOSED], // OPEN
  [PEER_ENDED, CLOSING, PEER_ENDED, DESTROYED, CLOSED], // PEER_ENDED
  [ENDED, ENDED, CLOSING, DESTROYED, CLOSED], // ENDED
  [OPEN, CONNECTING, CONNECTING, DESTROYED, CLOSED], // CONNECTING
  [CLOSING, CLOSING, CLOSING, DESTROYED, CLOSED], // CLOSING
  [DESTROYED, DESTROYED, DESTROYED, DESTROYED, CLOSED], // DESTROYED
  [CLOSED, CLOSED, CLOSED, CLOSED, CLOSED], // CLOSED
]

/** The state after `happening`. */
export function nextState(state: Lifecycle, happening: Happening): Lifecycle {
  return NEXT[state][happening]
}

/** The states as users see them. */
export type ReadyState = 'connecting' | 'open' | 'ending' | 'closed'

const NAMES: readonly ReadyState[] = ['open', 'open', 'ending', 'connecting', 'ending', 'closed', 'closed']

/** A state's public name. */
export function readyStateOf(state: Lifecycle): ReadyState {
  return NAMES[state]
}
