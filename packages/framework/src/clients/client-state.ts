/**
 * The life of a reconnecting client: one state, and one function that changes it.
 *
 * ```
 *                 open                   prepared
 *   CONNECTING ─────────▶ PREPARING ─────────────▶ CONNECTED
 *     ▲      │                │   │                 │     │
 *     │ lost │           lost │   │ close()   lost  │     │ close()
 *     │      ▼                ▼   └───────┐         │     │
 *     └── WAITING ◀───────────────────────┼─────────┘     │
 *   retry    │ close(), gave up           ▼               │
 *            ▼                  lost   CLOSING ◀──────────┘
 *          CLOSED ◀──────────────────────┘
 * ```
 *
 * PREPARING is for the handler `connected`, whose promise is waited for, and for what was kept while there was no
 * connection. `close()` while CONNECTING leads to CLOSED, too.
 */

/** States of a client. */
export const ClientState = {
  /** An attempt is under way. */
  CONNECTING: 0,
  /** There is a connection, which is not yet for everybody. */
  PREPARING: 1,
  CONNECTED: 2,
  /** Until the next attempt. */
  WAITING: 3,
  /** The connection is ending, and no other one will be made. */
  CLOSING: 4,
  CLOSED: 5,
} as const

export type ClientState = (typeof ClientState)[keyof typeof ClientState]

/** What can happen to a client. */
export const ClientHappening = {
  /** An attempt succeeded. */
  OPEN: 0,
  /** The connection is ready for everybody. */
  PREPARED: 1,
  /** An attempt failed, or the connection closed. */
  LOST: 2,
  /** It is time for the next attempt. */
  RETRY: 3,
  /** `close()`, the signal, or one failure too many. */
  CLOSE: 4,
} as const

export type ClientHappening = (typeof ClientHappening)[keyof typeof ClientHappening]

const { CONNECTING, PREPARING, CONNECTED, WAITING, CLOSING, CLOSED } = ClientState

/** By state, then by happening. What cannot happen, or changes nothing, leads back to the state itself. */
const NEXT: readonly (readonly ClientState[])[] = [
  // OPEN, PREPARED, LOST, RETRY, CLOSE
  [PREPARING, CONNECTING, WAITING, CONNECTING, CLOSED], // CONNECTING
  [PREPARING, CONNECTED, WAITING, PREPARING, CLOSING], // PREPARING
  [CONNECTED, CONNECTED, WAITING, CONNECTED, CLOSING], // CONNECTED
  [WAITING, WAITING, WAITING, CONNECTING, CLOSED], // WAITING
  [CLOSING, CLOSING, CLOSED, CLOSING, CLOSING], // CLOSING
  [CLOSED, CLOSED, CLOSED, CLOSED, CLOSED], // CLOSED
]

/** The state after `happening`. */
export function nextClientState(state: ClientState, happening: ClientHappening): ClientState {
  return NEXT[state][happening]
}

/** The states as users see them. */
export type ClientReadyState = 'connecting' | 'connected' | 'waiting' | 'closing' | 'closed'

const NAMES: readonly ClientReadyState[] = [
  'connecting',
  'connecting',
  'connected',
  'waiting',
  'closing',
  'closed',
]

/** A state's public name. */
export function clientReadyStateOf(state: ClientState): ClientReadyState {
  return NAMES[state]
}
