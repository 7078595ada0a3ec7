/**
 * A stream connection: what handlers get. One object, whose class is made of parts, each of which does one thing:
 *
 * ```
 *   ConnectionInfo ─ Output ─ Holds ─ Input ─ Moves ─ Ending ─ Deadlines ─ Opening ─ Connection
 *   addresses,       write,   pause,  codec,  files,  end,     timeouts    accept,   upgrade, filters,
 *   totals           send     resume  message pipes   destroy,             open      what the loop calls
 *                                                     failures
 * ```
 *
 * The rules of its life are in lifecycle.ts.
 */
import { Op } from '@pollux/core'
import { MessageIterator } from '../adapters/message-iterator.js'
import type { CodecSource } from '../codecs/codec.js'
import { inputTaken, upgradeClosed } from '../failures.js'
import type { Server } from '../server/server.js'
import { startTls } from '../tls/start-tls.js'
import type { StartTlsOptions } from '../tls/tls-options.js'
import type { Adapter } from './adapter.js'
import { ConnectionOpening } from './connection-opening.js'
import type { Filter } from './filter.js'
import { AWAITS_DRAIN, HANDLER_RUNS } from './flags.js'
import type { UpgradeInit } from './handlers.js'
import { Lifecycle } from './lifecycle.js'
import { excusingPeers } from './results.js'
import type { AdapterChanges } from './settings.js'

const { PEER_ENDED, ENDED, CONNECTING, CLOSING, DESTROYED } = Lifecycle

/** A connection of whatever types. */
// biome-ignore lint/suspicious/noExplicitAny: plugins see connections of every type, and none of their messages
export type AnyConnection = Connection<any, any, any>

/**
 * One stream connection, made by a server or by `connect`.
 *
 * `State` is the type of `state`, which is the user's alone; `In` and `Out` are the messages of the codec.
 */
export class Connection<State = unknown, In = Buffer, Out = string | Uint8Array> extends ConnectionOpening<
  State,
  In,
  Out
> {
  /** The server that accepted it; undefined for one that `connect` made. */
  get server(): Server<State, In, Out> | undefined {
    return this.owner.server
  }

  /**
   * Goes on with another codec, from the next byte on: bytes that were received and not yet consumed are the new codec's.
   * Handlers that are not given stay as they are.
   *
   * @returns this connection, as the new codec's types see it
   * @throws SocketError ERR_POLLUX_CLOSED; TypeError
   *
   * @example
   * ```ts
   * message(conn, line) {
   *   if (line === 'BINARY') {
   *     conn.upgrade(lengthPrefixed({ bytes: 4 }), { message: (conn, frame) => conn.send(frame) })
   *   }
   * }
   * ```
   */
  upgrade<In2, Out2>(
    codec: CodecSource<In2, Out2>,
    handlers: UpgradeInit<State, In2, Out2> = {},
  ): Connection<State, In2, Out2> {
    if (this.lifecycle >= DESTROYED) throw upgradeClosed()
    const upgraded = this as unknown as Connection<State, In2, Out2>
    upgraded.settings = this.settings.upgraded(codec, handlers)
    upgraded.codec = upgraded.settings.makeCodec()
    this.inputChanged()
    return upgraded
  }

  /**
   * The messages, one after the other (without a codec, chunks): `for await (const message of conn)`. They come here and
   * not to `message` or `data` from then on; the next one is decoded when it is asked for, so that a slow loop makes the
   * peer wait. All other handlers are called as before.
   *
   * The loop ends when the peer has ended; the connection then ends by itself in the next turn (or, where the loop is in an
   * async handler, when that handler is done), unless `allowHalfOpen` is set. The loop throws what failed the
   * connection, and ERR_POLLUX_CLOSED where something else than you closed it before the peer had ended. Leaving it early
   * by `break`, `return` or `throw` ends our half, and throws away what still comes.
   *
   * @throws SocketError ERR_POLLUX_INPUT_TAKEN where an iterator or a stream takes the messages already
   *
   * @example
   * ```ts
   * const server = createServer({
   *   codec: lines(),
   *   async open(conn) {
   *     for await (const line of conn) conn.send(await answer(line))
   *   },
   * })
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    return new MessageIterator(this, this.settings.allowHalfOpen)
  }

  /**
   * Turns TLS on in mid-stream (STARTTLS). What was written before leaves as it is; what is written after this call, and
   * all that is received from now on, is TLS. Bytes that the peer sent ahead are taken for its part of the handshake and
   * never for messages.
   *
   * @param options as for `tls`; a connection that a server accepted takes the server's part
   * @returns a promise that is kept when the handshake is done
   * @throws SocketError ERR_POLLUX_CLOSED; TypeError; what failed the handshake, which closes the connection
   *
   * @example
   * ```ts
   * async message(conn, line) {
   *   if (line === 'STARTTLS') {
   *     conn.send('220 go ahead')
   *     await conn.startTls({ key, cert })
   *   }
   * }
   * ```
   */
  startTls(options: StartTlsOptions): Promise<void> {
    return excusingPeers(startTls(this, options))
  }

  // From here on: called by plugins, filters, the loop and the owner.

  /** Filters: what stands between the socket and this connection; null: nothing does. */
  get filter(): Filter | null {
    return this.through
  }

  set filter(filter: Filter | null) {
    this.through = filter
    this.setWriteLimit()
  }

  /** Internal: the host that `connect` was told; undefined for one that was accepted. */
  get host(): string | undefined {
    return this.owner.host
  }

  /** Internal: from now on the adapter takes what is received, as soon as it releases `Hold.ADAPTER`. */
  adopt<In2>(adapter: Adapter<In2>, changes: AdapterChanges<In2> = {}): void {
    if (this.lifecycle >= DESTROYED) throw upgradeClosed()
    if (this.settings.adapter !== null) throw inputTaken()
    const adapted = this as unknown as Connection<State, In2, Out>
    adapted.settings = this.settings.adapted(adapter, changes)
    if (changes.codec !== undefined) adapted.codec = adapted.settings.makeCodec()
    this.inputAdapted()
    // It has missed it.
    if (this.lifecycle === PEER_ENDED || this.lifecycle === CLOSING) queueMicrotask(() => adapter.onPeerEnd())
  }

  /** Adapters: whether a handler's promise is not settled. */
  get handlerRuns(): boolean {
    return (this.flags & HANDLER_RUNS) !== 0
  }

  /**
   * Filters: some of what was written has left. `drain` is called if the connection waits for it, and not more than the
   * low watermark is left, here and in the filter.
   */
  deliverDrain(): void {
    const { settings, through } = this
    if ((this.flags & AWAITS_DRAIN) === 0) return
    if (through !== null && this.queuedBytes > settings.lowWaterMark) {
      // The filter tells of its own part; the socket does so only when it is asked.
      const mark = settings.lowWaterMark - through.queuedBytes
      if (mark >= 0) this.submit(Op.WATCH_DRAIN, mark)
      return
    }
    this.outputDrained()
    if (this.lifecycle > PEER_ENDED || settings.drain === null) return
    this.settle(settings.drain.call(settings.self, this))
  }

  /** Internal: what its counters are. */
  get statistics() {
    return this.settings.statistics
  }

  override onConnect(errno: number): void {
    if (this.lifecycle === CONNECTING) this.owner.connectDone?.(this, errno)
  }

  override onData(chunk: Buffer): void {
    if (this.through === null) this.deliver(chunk)
    else if (this.lifecycle <= ENDED) this.through.received(chunk)
  }

  override onEnd(): void {
    if (this.through === null) this.deliverEnd()
    else if (this.lifecycle <= ENDED) this.through.peerEnded()
  }

  override onDrain(): void {
    if (this.through === null) this.deliverDrain()
    else this.through.drained()
  }

  override onFinish(): void {
    this.settings.adapter?.onFinished()
  }
}
