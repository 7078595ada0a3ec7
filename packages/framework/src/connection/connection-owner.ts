/** Who has a connection, and hears of what becomes of it. */
import type { Server } from '../server/server.js'
import type { Connection } from './connection.js'

/** Who a connection belongs to: a server, or an attempt to connect. */
export interface ConnectionOwner<State, In, Out> {
  readonly server: Server<State, In, Out> | undefined
  /** The fd is closed, and `close` was called. */
  connectionClosed(connection: Connection<State, In, Out>): void
  /** The connect ended: 0 or the errno. */
  connectDone?(connection: Connection<State, In, Out>, errno: number): void
  /** The handler `open` was called. Not called where a plugin refused the connection, or `state` or `open` threw. */
  connectionOpened?(connection: Connection<State, In, Out>): void
  /** The host that was to be connected to, as the user wrote it. */
  readonly host?: string | undefined
}
