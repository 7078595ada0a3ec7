/** A stream connection: what handlers get, and the rules of its life (lifecycle.ts). */
import {
  Column,
  checkInteger,
  ErrorCode,
  type EventLoop,
  Op,
  raiseUncaught,
  type SocketError,
  syscallName,
  systemError,
} from '@pollux/core'
import { MessageIterator } from '../adapters/message-iterator.js'
import type { CodecSource } from '../codecs/codec.js'
import { fileShrank, inputTaken, upgradeClosed } from '../failures.js'
import type { Server } from '../server/server.js'
import { startTls } from '../tls/start-tls.js'
import type { StartTlsOptions } from '../tls/tls-options.js'
import type { Adapter } from './adapter.js'
import { CloseReason, closeReasonOf } from './close-reason.js'
import { ConnectionMoves } from './connection-moves.js'
import { deadlineError } from './deadline-error.js'
import { type Deadline, Deadlines, type Progress } from './deadlines.js'
import type { Filter } from './filter.js'
import {
  ADMITTED,
  AWAITS_DRAIN,
  FAILED,
  HAD_MESSAGE,
  HANDLER_RUNS,
  OPENED,
  OPENING_HELD,
  RAW_ENDED,
  USER_ENDED,
  WANTS_RESET,
} from './flags.js'
import type { UpgradeInit } from './handlers.js'
import { Hold } from './holds.js'
import { Happening, Lifecycle, nextState } from './lifecycle.js'
import { isThenable, raiseRejection } from './results.js'
import { type AdapterChanges, MAX_TIMEOUT_MS, type Settings } from './settings.js'

const { OPEN, PEER_ENDED, ENDED, CONNECTING, CLOSING, DESTROYED, CLOSED } = Lifecycle

/** A connection of whatever types. */
// biome-ignore lint/suspicious/noExplicitAny: plugins see connections of every type, and none of their messages
export type AnyConnection = Connection<any, any, any>

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

/**
 * One stream connection, made by a server or by `connect`.
 *
 * `State` is the type of `state`, which is the user's alone; `In` and `Out` are the messages of the codec.
 */
export class Connection<State = unknown, In = Buffer, Out = string | Uint8Array> extends ConnectionMoves<
  State,
  In,
  Out
> {
  /** Whatever belongs to this connection: made by the `state` option, undefined without it. */
  state: State
  private readonly owner: ConnectionOwner<State, In, Out>

  /** Internal: connections come from `createServer` and `connect`. */
  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    settings: Settings<State, In, Out>,
    owner: ConnectionOwner<State, In, Out>,
  ) {
    super(loop, slot, generation, settings)
    this.state = undefined as State
    this.owner = owner
  }

  /** The server that accepted it; undefined for one that `connect` made. */
  get server(): Server<State, In, Out> | undefined {
    return this.owner.server
  }

  /**
   * Ends our half: what is queued is sent, then the peer is told that no more comes. Once the peer has ended too, the
   * connection closes. Nothing happens if it has ended already.
   *
   * @param data to write first
   */
  end(data?: string | Uint8Array, encoding?: BufferEncoding): void {
    if (data !== undefined) this.write(data, encoding)
    this.flags |= USER_ENDED
    this.move(Happening.END)
  }

  /**
   * Closes at once. What the kernel does not take at once is dropped, no handler but `error` and `close` is called
   * any more.
   *
   * @param error why; it reaches `error` (now) and `close`
   */
  destroy(error?: unknown): void {
    if (error === undefined) this.destroyFor(CloseReason.DESTROYED)
    else this.abort(error, CloseReason.DESTROYED)
  }

  /**
   * As {@link destroy}, and says why in a word, which is what `closeReason` and the counters of closed connections say
   * then.
   *
   * @param reason one of {@link CloseReason}, or another word in snake_case; of few different ones
   */
  override destroyFor(reason: string, error?: unknown): void {
    if (error !== undefined) {
      this.abort(error, reason)
    } else {
      if (this.lifecycle < DESTROYED) this.closingBecause(reason)
      this.move(Happening.DESTROY)
    }
  }

  /** As {@link destroy}, but a TCP peer sees a reset (ECONNRESET) in place of an end; queued output is thrown away. */
  override reset(): void {
    this.resetFor(CloseReason.RESET)
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
    return startTls(this, options)
  }

  /**
   * Has `timeout` called when no byte has moved either way for so long, counted from now at the earliest.
   *
   * @param timeoutMs 0: never
   */
  setTimeout(timeoutMs: number): void {
    checkInteger(timeoutMs, 'timeoutMs', 0, MAX_TIMEOUT_MS)
    if (this.lifecycle < DESTROYED) this.makeDeadlines().setIdle(timeoutMs, this.loop.now())
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

  /** Filters: ends the socket's sending half after what `rawWrite` took. */
  rawEnd(): void {
    if (this.lifecycle >= DESTROYED) return
    this.flags |= RAW_ENDED
    this.submit(this.lifecycle === CLOSING ? Op.CLOSE : Op.END)
  }

  /** Plugins, in `accept`: the handler `open`, and what comes after it, wait until `finishOpening`. */
  holdOpening(): void {
    this.flags |= OPENING_HELD
    this.holdDelivery(Hold.OPENING)
    if (this.settings.timeouts.handshakeMs > 0) this.makeDeadlines().opening(this.loop.now())
  }

  /** Plugins: undoes `holdOpening`. */
  finishOpening(): void {
    if ((this.flags & OPENING_HELD) === 0 || this.lifecycle >= DESTROYED) return
    this.flags &= ~OPENING_HELD
    try {
      this.letIn()
      if ((this.flags & OPENING_HELD) === 0) this.release(Hold.OPENING)
    } catch (error) {
      this.loop.contain(this, error)
    }
  }

  /** Internal: closes it with a reset to the peer. */
  resetFor(reason: string): void {
    if (this.lifecycle < DESTROYED) this.closingBecause(reason)
    this.flags |= WANTS_RESET
    this.move(Happening.DESTROY)
  }

  /** Internal: fails it with a reset, so that its peer does not take a part for the whole. */
  shed(error: SocketError): void {
    this.failWithReset(error)
  }

  /** Internal: the error that ended the connection, if one did. */
  get failure(): unknown {
    return this.details.error
  }

  /** Internal: what its counters are. */
  get statistics() {
    return this.settings.statistics
  }

  /** Internal: the connection is usable, if the plugins let it in. */
  opened(): void {
    this.move(Happening.CONNECTED)
    try {
      this.letIn()
    } catch (error) {
      // Here and not in the loop, where this would be the listener's failure.
      this.fail(error)
    }
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

  override onError(errno: number, syscall: number): void {
    if (this.lifecycle >= DESTROYED) return
    const error = systemError(errno, syscallName(syscall), this.remoteAddress)
    if (error.code === 'ENODATA') this.failWithReset(fileShrank(error))
    else this.abort(error, closeReasonOf(error))
  }

  override onTimer(nowMs: number): void {
    if (this.lifecycle >= DESTROYED) return
    if (this.deadlines?.look(nowMs, this.progress(nowMs)) === undefined) return
    // If the loop stood still, what the peer has sent meanwhile is about to be read: it is not to blame.
    setImmediate(() => this.lookAgain())
  }

  override onClosed(): void {
    const { settings } = this
    this.closingBecause(this.lifecycle === CLOSING ? CloseReason.ENDED : CloseReason.LOOP_CLOSED)
    this.keepTotals()
    this.deadlines?.cancel()
    this.move(Happening.CLOSED)
    this.dropInput()
    this.abandonDrained()
    this.abandonMoves()
    try {
      this.through?.closed()
      if ((this.flags & ADMITTED) !== 0) this.tellClosed()
      if ((this.flags & OPENED) !== 0 && settings.close !== null) {
        raiseRejection(settings.close.call(settings.self, this, this.details.error))
      }
    } catch (error) {
      raiseUncaught(error)
    }
    this.owner.connectionClosed(this)
  }

  /** Internal: a handler threw, or its promise was rejected. */
  override fail(error: unknown): void {
    if (this.lifecycle >= DESTROYED && this.isToldAlready(error)) return
    this.settings.statistics.handlerErrors++
    if (this.settings.error === null || (this.flags & FAILED) !== 0 || this.lifecycle === CLOSED) {
      this.settings.warnOfHandlerError(error)
    }
    this.abort(error, CloseReason.HANDLER_ERROR)
  }

  override pipeLeft(): void {
    if (this.lifecycle === PEER_ENDED && !this.settings.allowHalfOpen) this.move(Happening.END)
  }

  protected override peerEnded(): void {
    if (this.lifecycle !== OPEN && this.lifecycle !== ENDED) return
    const { settings } = this
    this.move(Happening.PEER_END)
    if (settings.end !== null) this.settle(settings.end.call(settings.self, this))
    if (!settings.allowHalfOpen && !this.isPipedTo) this.move(Happening.END)
  }

  protected override codecFailed(error: unknown): void {
    // A frame that a codec finds too long is past `maxFrameBytes` as well, but is one failure.
    if (this.lifecycle >= DESTROYED) return
    this.settings.statistics.codecErrors++
    this.abort(error, CloseReason.CODEC_ERROR)
  }

  override failWithReset(error: SocketError): void {
    const reason = closeReasonOf(error)
    this.resetFor(reason)
    this.abort(error, reason)
  }

  /** Asks the plugins one by one; one that holds the opening is heard before the next is asked. */
  private letIn(): void {
    const { settings } = this
    const plugins = settings.hooks.accept
    if (plugins !== null) {
      let asked = (this.flags & ADMITTED) === 0 ? 0 : this.details.letInBy
      while (asked < plugins.length) {
        const reason = plugins[asked++].accept(this)
        if (reason !== undefined) {
          this.refuseFor(reason)
          return
        }
        if ((this.flags & OPENING_HELD) !== 0) {
          this.details.letInBy = asked
          this.admit()
          return
        }
        // It may have destroyed the connection in place of refusing it.
        if (this.lifecycle >= DESTROYED) break
      }
    }
    this.admit()
    this.codec = settings.makeCodec()
    if (settings.message === null && settings.data === null) this.inputChanged()
    if (this.lifecycle < DESTROYED) this.open()
  }

  /** From here on it counts, and the plugins hear of its close. */
  private admit(): void {
    if ((this.flags & ADMITTED) !== 0) return
    this.flags |= ADMITTED
    this.settings.statistics.opened++
  }

  private open(): void {
    const { settings } = this
    this.flags |= OPENED
    if (settings.state !== null) this.state = settings.state.call(settings.self, this as never)
    if (settings.hasTimeouts || this.deadlines !== null) this.makeDeadlines().opened(this.loop.now())
    for (const plugin of settings.hooks.open ?? []) plugin.open(this)
    if (settings.open !== null) this.awaitHandler(settings.open.call(settings.self, this))
    this.owner.connectionOpened?.(this)
  }

  private refuseFor(reason: string): void {
    const { hooks, statistics } = this.settings
    statistics.countRefused(reason)
    // First, so that a plugin which had let it in can see that it is gone.
    this.resetFor(reason)
    const { server } = this
    if (server !== undefined && hooks.refused !== null) {
      for (const plugin of hooks.refused) plugin.refused(server, reason, this.remoteAddress)
    }
  }

  /** Tells `error`, once, then destroys. */
  private abort(error: unknown, reason: string): void {
    if ((this.flags & FAILED) !== 0 || this.lifecycle === CLOSED) return
    const { settings } = this
    this.flags |= FAILED
    this.details.error = error
    this.closingBecause(reason)
    try {
      for (const plugin of settings.hooks.error ?? []) plugin.error(this, error)
      if (settings.error !== null && (this.flags & OPENED) !== 0) {
        raiseRejection(settings.error.call(settings.self, this, error))
      }
    } catch (second) {
      raiseUncaught(second)
    }
    this.move(Happening.DESTROY)
  }

  /** A handler's promise passes on what has failed the connection, or that it has closed: no fault of the handler's. */
  private isToldAlready(error: unknown): boolean {
    if ((this.flags & FAILED) !== 0 && error === this.details.error) return true
    return this.settings.adapter !== null && (error as { code?: unknown } | null)?.code === ErrorCode.CLOSED
  }

  private tellClosed(): void {
    const { hooks, statistics } = this.settings
    const reason = this.closeReason as string
    statistics.countClosed(reason, this)
    // The last one that was asked to let it in, where it closed before all were.
    const asked = (this.flags & OPENED) === 0 ? hooks.accept?.[this.details.letInBy - 1] : undefined
    for (const plugin of hooks.close ?? []) {
      if (asked === undefined || !hooks.isAskedBehind(plugin, asked)) {
        plugin.close(this, reason, this.details.error)
      }
    }
  }

  /** The only place where the lifecycle changes; does what entering a state asks of the socket. */
  private move(happening: Happening): void {
    const before = this.lifecycle
    const after = nextState(before, happening)
    if (after === before) return
    this.lifecycle = after
    this.setWriteLimit()
    if (after === DESTROYED) this.submit((this.flags & WANTS_RESET) === 0 ? Op.DESTROY : Op.RESET)
    else if (after === ENDED || after === CLOSING) this.endOutput(before, after)
  }

  private endOutput(before: Lifecycle, after: Lifecycle): void {
    if (this.through === null || (this.flags & RAW_ENDED) !== 0) {
      this.submit(after === CLOSING ? Op.CLOSE : Op.END)
    } else if (before !== ENDED) {
      // The filter has something to say first, and then calls rawEnd.
      this.through.end()
    }
  }

  private makeDeadlines(): Deadlines {
    this.deadlines ??= new Deadlines(this.loop.timers, this.slot, this.settings.timeouts)
    return this.deadlines
  }

  private progress(nowMs: number): Progress {
    return {
      lastActivityMs: this.lastActivityMs,
      hasOutput: this.column(Column.QUEUED) > 0 || this.hasMoves,
      bytesWritten: this.column(Column.BYTES_WRITTEN),
      hadMessage: (this.flags & HAD_MESSAGE) !== 0 || (this.lifecycle !== OPEN && this.lifecycle !== ENDED),
      isHeld: this.heldBy !== 0,
      awaitsHandler: (this.heldBy & Hold.HANDLER) !== 0,
      messageBeganMs: this.messageBeganMs(nowMs),
    }
  }

  private lookAgain(): void {
    const { deadlines } = this
    if (deadlines === null || this.lifecycle >= DESTROYED) return
    const nowMs = this.loop.now()
    try {
      const passed = deadlines.look(nowMs, this.progress(nowMs))
      if (passed === 'idle') deadlines.setIdle(deadlines.idleMs, nowMs)
      if (passed !== undefined) this.missed(passed)
    } catch (error) {
      this.loop.contain(this, error)
    }
  }

  private missed(deadline: Deadline): void {
    const { settings } = this
    if (deadline === 'idle' && settings.timeout !== null) {
      this.settle(settings.timeout.call(settings.self, this))
      return
    }
    const error = deadlineError(deadline, this.makeDeadlines())
    // The peer must not take the part that it got for the whole.
    if (deadline === 'write') this.failWithReset(error)
    else this.abort(error, closeReasonOf(error))
  }

  /** A result that nothing waits for: the rejection of a promise is a throw that comes later. */
  private settle(result: unknown): void {
    if (isThenable(result)) result.then(undefined, (error: unknown) => this.loop.contain(this, error))
  }
}
