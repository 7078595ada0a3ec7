/** Bytes from one connection to another, moved in the kernel where that can be. */
import { checkBoolean, checkObject, invalidArgType, systemError } from '@pollux/core'
import { CloseReason } from '../connection/close-reason.js'
import { type AnyConnection, Connection } from '../connection/connection.js'
import type { PipeFrom, PipeTo } from '../connection/connection-info.js'
import { Hold } from '../connection/holds.js'
import { pipeBroken, pipedAlready } from '../failures.js'

/** How to pipe. */
export interface PipeOptions {
  /**
   * Whether one side's end and failures are the other's, too: when the peer of `from` ends, `to` is ended, and when either
   * closes before that, the other is reset. Default true.
   */
  end?: boolean
}

/**
 * Sends whatever `from` receives to `to`, from now on and until its peer ends: first what waits for its handlers, then
 * what comes. Its `message` and `data` handlers are not called meanwhile. Where both are sockets of one event loop, and
 * no plugin counts what is received, the kernel moves the bytes by splice(2), and JavaScript has no part in it; else they
 * go through `write`.
 *
 * `from` is read only while `to` takes what comes. What is written to `to` by hand goes between the bytes of the pipe. A
 * proxy is two pipes, one for each way.
 *
 * @returns how many bytes were moved, once the peer of `from` has ended and all of them are with `to`
 * @throws SocketError ERR_POLLUX_PIPE_BROKEN where either side closed or was ended before that, its `cause` says why;
 *   EBUSY where `from` is piped to another or another is piped to `to`; TypeError. That nobody waits for the promise is
 *   no unhandled rejection: what broke the pipe reaches `error` and `close` of the connection that it happened to.
 *
 * @example
 * ```ts
 * import { connect, createServer, pipe } from '@pollux/framework'
 *
 * const proxy = createServer({
 *   async open(conn) {
 *     const upstream = await connect({ host: '127.0.0.1', port: 8080 }, { open() {} })
 *     pipe(conn, upstream)
 *     pipe(upstream, conn)
 *   },
 * })
 * ```
 */
export function pipe(from: AnyConnection, to: AnyConnection, options: PipeOptions = {}): Promise<number> {
  const moved = new Promise<number>((resolve, reject) => begin(from, to, options, resolve, reject))
  moved.catch(() => {})
  return moved
}

type Resolve = (bytes: number) => void
type Reject = (reason: unknown) => void

function begin(
  from: AnyConnection,
  to: AnyConnection,
  options: PipeOptions,
  resolve: Resolve,
  reject: Reject,
): void {
  if (!(from instanceof Connection)) throw invalidArgType('from', 'an instance of Connection', from)
  if (!(to instanceof Connection)) throw invalidArgType('to', 'an instance of Connection', to)
  checkObject(options, 'options')
  const end = checkBoolean(options.end ?? true, 'options.end')
  if (from.isPiped('from')) throw pipedAlready('from')
  if (to.isPiped('to')) throw pipedAlready('to')
  const pipe = new Pipe(from, to, end, resolve, reject)
  from.beginPipe(pipe)
  to.pipeTo = pipe
  // What was received before is in order only when the present handler, and its decoder, have returned.
  queueMicrotask(() => pipe.start())
}

/** How the bytes are moved. */
const Mode = { WAITING: 0, KERNEL: 1, WRITES: 2, OVER: 3 } as const
type Mode = (typeof Mode)[keyof typeof Mode]

/**
 * One pipe.
 *
 * ```
 *   WAITING ─start─▶ KERNEL (PIPED comes) ──────────┐ the peer's end,
 *              └───▶ WRITES (received, peerEnded) ──┴─▶ OVER ◀── either side closes: from each
 * ```
 */
class Pipe implements PipeFrom, PipeTo {
  private readonly from: AnyConnection
  private readonly to: AnyConnection
  private readonly end: boolean
  private readonly resolve: Resolve
  private readonly reject: Reject
  private mode: Mode = Mode.WAITING
  /** Bytes that JavaScript has moved, and what had been read before the kernel took over. */
  private written = 0
  private readBefore = 0
  /** What `to` had sent, or had queued, by then. */
  private writtenBefore = 0

  constructor(from: AnyConnection, to: AnyConnection, end: boolean, resolve: Resolve, reject: Reject) {
    this.from = from
    this.to = to
    this.end = end
    this.resolve = resolve
    this.reject = reject
  }

  /** What was received so far goes first; then the kernel, or this object, takes over. */
  start(): void {
    if (this.mode !== Mode.WAITING) return
    const { from, to } = this
    if (from.readyState === 'closed') {
      this.fail('the connection that is read has closed', from.failure)
      return
    }
    if (!to.isWritable) {
      this.fail('the connection that is written to has ended', to.failure)
      return
    }
    this.mode = Mode.WRITES
    const rest = from.takeReceived()
    if (rest !== null) this.write(rest)
    if (this.isOver) return
    if (from.peerHasEnded) this.finish()
    else if (from.loop === to.loop && from.isSpliceable && to.isPlain) this.handToKernel()
  }

  received(chunk: Buffer): boolean {
    if (this.mode !== Mode.WRITES) return false
    this.write(chunk)
    return true
  }

  peerEnded(): void {
    if (this.mode === Mode.WRITES) this.finish()
  }

  over(errno: number): void {
    if (this.mode !== Mode.KERNEL) return
    if (errno === 0) this.finish()
    else
      this.fail(
        'the connection that is written to has failed or ended',
        this.to.failure ?? systemError(errno, 'splice'),
      )
  }

  sourceClosed(): void {
    this.fail('the connection that is read closed before its peer had ended', this.from.failure)
  }

  targetClosed(): void {
    this.fail('the connection that is written to has closed', this.to.failure)
  }

  /** What is written to `to` by hand meanwhile hides as many; that has a queue of its own. */
  get hasBytes(): boolean {
    if (this.mode !== Mode.KERNEL) return false
    return this.from.bytesRead - this.readBefore > this.to.bytesWritten - this.writtenBefore
  }

  private get isOver(): boolean {
    return this.mode === Mode.OVER
  }

  private handToKernel(): void {
    const { from, to } = this
    this.mode = Mode.KERNEL
    this.readBefore = from.bytesRead
    this.writtenBefore = to.bytesWritten + to.queuedBytes
    const result = from.loop.reactor.pipe(from.handle, to.handle)
    // One of them has failed, and will be told soon.
    if (result < 0) this.fail('one of the connections has failed', systemError(result, 'splice'))
  }

  private write(chunk: Buffer): void {
    const { from, to } = this
    this.written += chunk.length
    try {
      if (to.write(chunk) || this.isOver) return
    } catch (error) {
      this.fail('the connection that is written to has ended', error)
      return
    }
    from.hold(Hold.PIPE_FULL)
    const goOn = () => from.release(Hold.PIPE_FULL)
    // Where it closes instead, the pipe breaks.
    to.drained().then(goOn, goOn)
  }

  private finish(): void {
    const { from, to } = this
    const bytes = this.written + (this.mode === Mode.KERNEL ? from.bytesRead - this.readBefore : 0)
    this.leave(true)
    if (this.end) to.end()
    else to.pipeLeft()
    this.resolve(bytes)
  }

  private fail(what: string, cause: unknown): void {
    if (this.isOver) return
    const { from, to } = this
    this.leave(false)
    if (this.end) {
      from.resetFor(CloseReason.PIPE_BROKEN)
      to.resetFor(CloseReason.PIPE_BROKEN)
    } else {
      to.pipeLeft()
    }
    this.reject(pipeBroken(what, cause))
  }

  private leave(finished: boolean): void {
    this.mode = Mode.OVER
    this.to.pipeTo = undefined
    this.from.endPipe(finished)
  }
}
