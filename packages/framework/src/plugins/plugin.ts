/** The hooks: how limits, logs, metrics and authentication get into a server without being part of it. */
import type { SocketAddress, SocketError } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import type { AnyServer } from '../server/server.js'

/** How far a server's overload has come: 0 none, 1 it stopped reading, 2 and accepting, 3 it sheds connections. */
export type OverloadLevel = 0 | 1 | 2 | 3

/**
 * A plugin: an object with hooks, called with itself as `this`, in the order in which plugins are given. This list is
 * all there is.
 *
 * What `accept`, `open`, `received`, `message` and `watermark` throw costs that connection, as a handler's throw does. What the
 * others throw is an uncaughtException, and everybody else is told all the same.
 *
 * @example
 * ```ts
 * import { createServer, type Plugin } from '@pollux/framework'
 *
 * const greeter: Plugin = {
 *   name: 'greeter',
 *   open(conn) {
 *     conn.write('welcome\n')
 *   },
 * }
 * const server = createServer({ plugins: [greeter], data: (conn, chunk) => conn.write(chunk) })
 * ```
 */
export interface Plugin {
  /** What errors and logs call it. */
  readonly name: string
  /** A server with this plugin is being made; what this throws, `createServer` throws. */
  install?(server: AnyServer): void
  /** The server listens on one more address. */
  listening?(server: AnyServer, address: SocketAddress): void
  /** `close` was called: nothing is accepted any more. */
  closing?(server: AnyServer): void
  /** The last connection of a closed server is gone. */
  closed?(server: AnyServer): void
  /**
   * A connection was accepted, and nothing has been read. A string is the reason to refuse it: the peer sees a reset,
   * `refused` is called, and no other hook or handler hears of it. One that calls `holdOpening` (for a proxy's header, a
   * handshake) is heard before the plugins behind it are asked: they see what it found out.
   */
  accept?(connection: AnyConnection): string | undefined
  /** A connection was refused. */
  refused?(server: AnyServer, reason: string, address: SocketAddress | undefined): void
  /** The connection has its `state`; the handler `open` is next. */
  open?(connection: AnyConnection): void
  /** One receive brought so many bytes; the codec or the handler gets them next, unless this holds the connection. */
  received?(connection: AnyConnection, bytes: number): void
  /** A message is next for the handler. `false` keeps it from the handler and from the plugins behind this one. */
  message?(connection: AnyConnection, message: unknown): unknown
  /** Queued output reached the high watermark (`above`), or fell to the low one afterwards. */
  watermark?(connection: AnyConnection, above: boolean): void
  /** The connection failed, and will be destroyed. */
  error?(connection: AnyConnection, error: unknown): void
  /** The connection is closed. Called for each that was not refused, also where it was never opened; not where it closed before `accept` was asked. */
  close?(connection: AnyConnection, reason: string, error: unknown): void
  /** There is nothing left to accept with; the server tries again after `retryMs`. */
  acceptPaused?(server: AnyServer, error: SocketError, retryMs: number): void
  /** The server accepts again. */
  acceptResumed?(server: AnyServer): void
  /** The server's overload level has changed. */
  overload?(server: AnyServer, level: OverloadLevel): void
}
