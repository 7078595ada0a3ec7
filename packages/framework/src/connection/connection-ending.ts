/**
 * How a connection ends: by `end` of both halves, by `destroy`, or by a failure, which `error` is told of once.
 *
 * ```
 *   end, the peer's end ──────────────────────────▶ move ─▶ END, CLOSE
 *   destroy, reset ─▶ closingBecause ─────────────▶ move ─▶ DESTROY, RESET ─▶ onClosed ─▶ plugins, close
 *   a failure ──────▶ abort: plugins, error ──────▶ move ─▶ DESTROY
 * ```
 */
import { ErrorCode, type EventLoop, Op, type SocketError, syscallName, systemError } from '@pollux/core'
import { fileShrank } from '../failures.js'
import { contained } from '../plugins/contained.js'
import { CloseReason, closeReasonOf } from './close-reason.js'
import { ConnectionMoves } from './connection-moves.js'
import type { ConnectionOwner } from './connection-owner.js'
import { ADMITTED, FAILED, OPENED, RAW_ENDED, USER_ENDED, WANTS_RESET } from './flags.js'
import { Happening, Lifecycle, nextState } from './lifecycle.js'
import { isThenable, raiseRejection } from './results.js'
import type { Settings } from './settings.js'

const { OPEN, PEER_ENDED, ENDED, CLOSING, DESTROYED, CLOSED } = Lifecycle

export abstract class ConnectionEnding<State, In, Out> extends ConnectionMoves<State, In, Out> {
  protected readonly owner: ConnectionOwner<State, In, Out>

  /** Internal. */
  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    settings: Settings<State, In, Out>,
    owner: ConnectionOwner<State, In, Out>,
  ) {
    super(loop, slot, generation, settings)
    this.owner = owner
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

  // From here on: called by plugins, filters, the loop and whatever fails.

  /** Filters: ends the socket's sending half after what `rawWrite` took. */
  rawEnd(): void {
    if (this.lifecycle >= DESTROYED) return
    this.flags |= RAW_ENDED
    this.submit(this.lifecycle === CLOSING ? Op.CLOSE : Op.END)
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

  override onError(errno: number, syscall: number): void {
    if (this.lifecycle >= DESTROYED) return
    const error = systemError(errno, syscallName(syscall), this.remoteAddress)
    if (error.code === 'ENODATA') this.failWithReset(fileShrank(error))
    else this.abort(error, closeReasonOf(error))
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
    contained(() => this.through?.closed())
    if ((this.flags & ADMITTED) !== 0) this.tellClosed()
    const { close } = settings
    if (close !== null && (this.flags & OPENED) !== 0) {
      contained(() => raiseRejection(close.call(settings.self, this as never, this.details.error)))
    }
    this.owner.connectionClosed(this as never)
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
    if (settings.end !== null) this.settle(settings.end.call(settings.self, this as never))
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

  /** Tells `error`, once, then destroys. */
  protected abort(error: unknown, reason: string): void {
    if ((this.flags & FAILED) !== 0 || this.lifecycle === CLOSED) return
    const { settings } = this
    this.flags |= FAILED
    this.details.error = error
    this.closingBecause(reason)
    for (const plugin of settings.hooks.error ?? []) contained(() => plugin.error(this as never, error))
    const { error: handler } = settings
    if (handler !== null && (this.flags & OPENED) !== 0) {
      contained(() => raiseRejection(handler.call(settings.self, this as never, error)))
    }
    this.move(Happening.DESTROY)
  }

  /** A handler's promise passes on what has failed the connection, or that it has closed: no fault of the handler's. */
  private isToldAlready(error: unknown): boolean {
    if ((this.flags & FAILED) !== 0 && error === this.details.error) return true
    return this.settings.adapter !== null && (error as { code?: unknown } | null)?.code === ErrorCode.CLOSED
  }

  protected tellClosed(): void {
    const { hooks, statistics } = this.settings
    const reason = this.closeReason as string
    statistics.countClosed(reason, this)
    // The last one that was asked to let it in, where it closed before all were.
    const asked = (this.flags & OPENED) === 0 ? hooks.accept?.[this.details.letInBy - 1] : undefined
    for (const plugin of hooks.close ?? []) {
      if (asked === undefined || !hooks.isAskedBehind(plugin, asked)) {
        contained(() => plugin.close(this as never, reason, this.details.error))
      }
    }
  }

  /** The only place where the lifecycle changes; does what entering a state asks of the socket. */
  protected move(happening: Happening): void {
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

  /** A result that nothing waits for: the rejection of a promise is a throw that comes later. */
  protected settle(result: unknown): void {
    if (isThenable(result)) result.then(undefined, (error: unknown) => this.loop.contain(this, error))
  }
}
