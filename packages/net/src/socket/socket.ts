/**
 * A stream socket with the interface of `net.Socket`, on the event loop of Pollux.
 *
 * ```
 *   Readable ◀── push ─── received ◀── Wire ◀── reactor
 *   Writable ──▶ _write ──────────────▶ Wire ──▶ reactor
 *
 *   Duplex ◁─ SocketEnds ◁─ SocketTimeout ◁─ SocketTcpOptions ◁─ SocketReading ◁─ SocketWriting ◁─ SocketLife ◁─ Socket
 *             addresses     idle time        options             received         sent             life          construction
 * ```
 */
import { Socket as NodeSocket, type SocketConstructorOpts } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import { makeClass, takeForOurs } from '../class-function.js'
import { kInitialize } from '../internals.js'
import { SocketLife } from './life.js'
import { checkedOptions, type InternalOptions, streamOptions } from './options.js'

/** A socket as `net.Socket` has it. */
export interface Socket extends SocketLife {}

/** `new Socket(options)`, `Socket(options)`, or `Socket.call(this, options)` in a constructor that inherits from it. */
export interface SocketConstructor {
  new (options?: SocketConstructorOpts): Socket
  (options?: SocketConstructorOpts): Socket
  readonly prototype: Socket
}

export const Socket: SocketConstructor = function (this: unknown, options?: unknown): Socket | undefined {
  if (!(this instanceof SocketLife)) return new Socket(options as SocketConstructorOpts)
  const given = checkedOptions(options)
  // What a server made for a connection has what the stream reads.
  const forStream = given.wire === undefined ? streamOptions(given) : given
  ;(Duplex as unknown as (this: unknown, options: DuplexOptions) => void).call(this, forStream)
  ;(this as unknown as { [kInitialize](options: InternalOptions): void })[kInitialize](given)
  return undefined
} as unknown as SocketConstructor

makeClass('Socket', Socket, SocketLife, Duplex)
takeForOurs(Socket, NodeSocket)
