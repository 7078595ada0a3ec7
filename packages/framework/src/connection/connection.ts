/** A stream connection: what handlers get, and the rules of its life (lifecycle.ts). */
import { isUint8Array } from 'node:util/types'
import {
  Column,
  checkInteger,
  type EventLoop,
  invalidArgType,
  MAX_BYTES_PER_UNIT,
  Op,
  raiseUncaught,
  syscallName,
  systemError,
  TABLE_COLUMNS,
} from '@pollux/core'
import { idleTimeout, queueFull, writeAfterEnd } from '../failures.js'
import type { Server } from '../server/server.js'
import { ConnectionInfo } from './connection-info.js'
import { Happening, Lifecycle, nextState } from './lifecycle.js'
import { isThenable, raiseRejection } from './results.js'
import { MAX_TIMEOUT_MS, type Settings } from './settings.js'

const { OPEN, PEER_ENDED, ENDED, CONNECTING, CLOSING, DESTROYED, CLOSED } = Lifecycle
const { QUEUED } = Column

// Flags.
/** `open` was called, or would have been: `close` will be. */
const OPENED = 1
/** The user called `end`. */
const USER_ENDED = 2
/** Reading is paused. */
const PAUSED = 4
/** `write` returned false, and `drain` is to come. */
const AWAITS_DRAIN = 8
/** `error` was called. */
const FAILED = 16
/** The peer is to see a reset. */
const WANTS_RESET = 32

/** `writeLimit` while no write may take the short way. */
const NEVER = -1

/** Who a connection belongs to: a server, or an attempt to connect. */
export interface ConnectionOwner<State> {
  readonly server: Server<State> | undefined
  /** The fd is closed, and `close` was called. */
  connectionClosed(connection: Connection<State>): void
  /** The connect ended: 0 or the errno. */
  connectDone?(connection: Connection<State>, errno: number): void
}

/**
 * One stream connection, made by a server or by `connect`.
 *
 * `State` is the type of `state`, which is the user's alone.
 */
export class Connection<State = unknown> extends ConnectionInfo {
  /** Whatever belongs to this connection: made by the `state` option, undefined without it. */
  state: State
  private readonly settings: Settings<State>
  private readonly owner: ConnectionOwner<State>
  private flags = 0
  /** A write that leaves the queue below this takes the short way. */
  private writeLimit = NEVER
  private timeoutMs = 0

  /** Internal: connections come from `createServer` and `connect`. */
  constructor(
    loop: EventLoop,
    slot: number,
    generation: number,
    settings: Settings<State>,
    owner: ConnectionOwner<State>,
  ) {
    super(loop, slot, generation)
    this.state = undefined as State
    this.settings = settings
    this.owner = owner
  }

  /** The server that accepted it; undefined for one that `connect` made. */
  get server(): Server<State> | undefined {
    return this.owner.server
  }

  /** Whether `pause` is in force. */
  get isPaused(): boolean {
    return (this.flags & PAUSED) !== 0
  }

  /**
   * Sends bytes or a string, now or as soon as the peer takes them. Nothing is lost or reordered while the connection
   * lives; what is written in one turn leaves together.
   *
   * Received chunks may be passed on as they are, and are not copied; they must stay unchanged until the turn
   * is over (setImmediate is late enough). All other bytes are copied before this returns.
   *
   * @param encoding of a string. Default 'utf8'.
   * @returns false from the high watermark on, until `drain`: stop writing until then, or memory is used up. Also
   *   false once the connection has closed under the writer, where the bytes are dropped and counted
   *   (`server.droppedBytes`).
   * @throws SocketError ERR_POLLUX_WRITE_AFTER_END after `end`; TypeError for anything but bytes and strings
   */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    const { loop, slot } = this
    const room = this.writeLimit - loop.table[slot * TABLE_COLUMNS + QUEUED]
    if (typeof data === 'string') {
      if (data.length * MAX_BYTES_PER_UNIT < room) {
        loop.submissions.text(slot, this.generation, data, encoding)
        return true
      }
    } else {
      if (!(data instanceof Uint8Array)) checkBytes(data)
      const length = data.length
      if (length < room) {
        loop.submissions.bytes(slot, this.generation, data, length)
        return true
      }
    }
    return this.writeWithCare(data, encoding)
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
    if (error !== undefined) this.abort(error)
    else this.move(Happening.DESTROY)
  }

  /** As {@link destroy}, but a TCP peer sees a reset (ECONNRESET) in place of an end; queued output is thrown away. */
  reset(): void {
    this.flags |= WANTS_RESET
    this.move(Happening.DESTROY)
  }

  /** Stops reading: the peer's bytes wait in the kernel, and then in the peer. Its end is not noticed meanwhile. */
  pause(): void {
    if (this.isPaused || this.lifecycle > ENDED) return
    this.flags |= PAUSED
    this.submit(Op.PAUSE)
  }

  /** Reads again. */
  resume(): void {
    if (!this.isPaused || this.lifecycle > ENDED) return
    this.flags &= ~PAUSED
    this.submit(Op.RESUME)
  }

  /**
   * Has `timeout` called when no byte has moved either way for so long, counted from now at the earliest.
   *
   * @param timeoutMs 0: never
   */
  setTimeout(timeoutMs: number): void {
    this.timeoutMs = checkInteger(timeoutMs, 'timeoutMs', 0, MAX_TIMEOUT_MS)
    if (this.lifecycle >= DESTROYED) return
    if (timeoutMs === 0) this.loop.timers.cancel(this.slot)
    else this.armTimeout(this.loop.now())
  }

  // From here on: called by the loop and the owner.

  /** Internal: the error that ended the connection, if one did. */
  get failure(): unknown {
    return this.details.reason
  }

  /** Internal: the connection is usable. */
  opened(): void {
    const { settings } = this
    this.flags |= OPENED
    this.move(Happening.CONNECTED)
    try {
      if (settings.state !== null) this.state = settings.state.call(settings.self, this)
      if (settings.idleTimeoutMs > 0) this.setTimeout(settings.idleTimeoutMs)
      if (settings.open !== null) this.settle(settings.open.call(settings.self, this))
    } catch (error) {
      // Here and not in the loop, where this would be the listener's failure.
      this.fail(error)
    }
  }

  override onConnect(errno: number): void {
    if (this.lifecycle === CONNECTING) this.owner.connectDone?.(this, errno)
  }

  override onData(chunk: Buffer): void {
    if (this.lifecycle > ENDED) return
    const { settings } = this
    const result = settings.data.call(settings.self, this, chunk)
    if (result !== undefined) this.settle(result)
  }

  override onEnd(): void {
    if (this.lifecycle !== OPEN && this.lifecycle !== ENDED) return
    const { settings } = this
    this.move(Happening.PEER_END)
    if (settings.end !== null) this.settle(settings.end.call(settings.self, this))
    if (!settings.allowHalfOpen) this.move(Happening.END)
  }

  override onDrain(): void {
    this.flags &= ~AWAITS_DRAIN
    if (this.lifecycle > PEER_ENDED) return
    const { settings } = this
    this.writeLimit = settings.highWaterMark
    if (settings.drain !== null) this.settle(settings.drain.call(settings.self, this))
  }

  override onError(errno: number, syscall: number): void {
    if (this.lifecycle >= DESTROYED) return
    this.abort(systemError(errno, syscallName(syscall), this.remoteAddress))
  }

  override onTimer(nowMs: number): void {
    if (this.lifecycle >= DESTROYED || this.timeoutMs === 0) return
    const lastMs = this.column(Column.LAST_ACTIVITY_MS)
    // Traffic costs nothing in JavaScript: whether there was any is only looked at here.
    if (nowMs - lastMs <= this.timeoutMs) {
      this.armTimeout(lastMs)
      return
    }
    const { settings } = this
    this.armTimeout(nowMs)
    if (settings.timeout !== null) {
      this.settle(settings.timeout.call(settings.self, this))
    } else {
      this.abort(idleTimeout(this.timeoutMs))
    }
  }

  override onClosed(): void {
    const { settings } = this
    this.keepTotals()
    if (this.timeoutMs > 0) this.loop.timers.cancel(this.slot)
    this.move(Happening.CLOSED)
    if ((this.flags & OPENED) !== 0 && settings.close !== null) {
      try {
        raiseRejection(settings.close.call(settings.self, this, this.details.reason))
      } catch (error) {
        raiseUncaught(error)
      }
    }
    this.owner.connectionClosed(this)
  }

  /** Internal: a handler threw, or its promise was rejected. */
  override fail(error: unknown): void {
    if (this.settings.error === null || (this.flags & FAILED) !== 0 || this.lifecycle === CLOSED) {
      this.settings.warnOfHandlerError(error)
    }
    this.abort(error)
  }

  /** Tells `error`, once, then destroys. */
  private abort(error: unknown): void {
    if ((this.flags & FAILED) !== 0 || this.lifecycle === CLOSED) return
    const { settings } = this
    this.flags |= FAILED
    this.details.reason = error
    if (settings.error !== null) {
      try {
        raiseRejection(settings.error.call(settings.self, this, error))
      } catch (second) {
        raiseUncaught(second)
      }
    }
    this.move(Happening.DESTROY)
  }

  /** The only place where the lifecycle changes; does what entering a state asks of the socket. */
  private move(happening: Happening): void {
    const before = this.lifecycle
    const after = nextState(before, happening)
    if (after === before) return
    this.lifecycle = after
    this.writeLimit =
      after <= PEER_ENDED && (this.flags & AWAITS_DRAIN) === 0 ? this.settings.highWaterMark : NEVER
    if (after === ENDED) this.submit(Op.END)
    else if (after === CLOSING) this.submit(Op.CLOSE)
    else if (after === DESTROYED) this.submit((this.flags & WANTS_RESET) === 0 ? Op.DESTROY : Op.RESET)
  }

  /** A write near or above the watermark, or to a connection that takes none. */
  private writeWithCare(data: string | Uint8Array, encoding: BufferEncoding | undefined): boolean {
    const { loop, settings } = this
    const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data
    const length = bytes.length
    if (this.lifecycle > PEER_ENDED) return this.refuse(length)
    const max = settings.maxQueuedBytes
    if (this.queuedBytes + length > max) {
      // What was counted may be with the kernel by now.
      loop.submissions.flush()
      if (this.queuedBytes + length > max) return this.overflow(length)
    }
    loop.submissions.bytes(this.slot, this.generation, bytes, length)
    if ((this.flags & AWAITS_DRAIN) !== 0) return false
    if (this.queuedBytes < settings.highWaterMark) return true
    // What this turn wrote is not a queue yet: only what the kernel refuses is.
    loop.submissions.flush()
    if (this.queuedBytes < settings.highWaterMark) return true
    this.flags |= AWAITS_DRAIN
    this.writeLimit = NEVER
    this.submit(Op.WATCH_DRAIN, settings.lowWaterMark)
    return false
  }

  private refuse(length: number): boolean {
    if ((this.flags & USER_ENDED) !== 0 && this.lifecycle < DESTROYED) throw writeAfterEnd()
    this.settings.droppedBytes += length
    return false
  }

  private overflow(length: number): boolean {
    const error = queueFull(this.queuedBytes, length, this.settings.maxQueuedBytes)
    this.settings.droppedBytes += length
    // Before `error` is called: the peer must see that something is missing, so nothing may follow.
    this.reset()
    this.abort(error)
    return false
  }

  private armTimeout(sinceMs: number): void {
    // The clock counts whole milliseconds: one more, and it is never early.
    this.loop.timers.arm(this.slot, sinceMs + this.timeoutMs + 1, this.timeoutMs)
  }

  /** A handler's result: the rejection of a promise is a throw that comes later. */
  private settle(result: unknown): void {
    if (isThenable(result)) result.then(undefined, (error: unknown) => this.loop.contain(this, error))
  }
}

/** A Uint8Array of another realm is one too. */
function checkBytes(data: unknown): void {
  if (!isUint8Array(data)) throw invalidArgType('data', 'of type string or an instance of Uint8Array', data)
}
