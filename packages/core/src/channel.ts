/** One socket's place on an event loop, and what the loop tells it. */
import { HANDLE_BASE, TABLE_COLUMNS } from '@pollux/native-poll'
import { publicAddress, type SocketAddress } from './address.js'
import type { EventLoop } from './event-loop.js'

/**
 * The base of everything that the event loop calls: connections, listeners. A subclass overrides the `on…` methods
 * that concern it. One object for each socket and no closures: a hundred thousand of them must be affordable.
 *
 * What an `on…` method throws goes to `fail` of the same channel, and every other event is delivered.
 */
export abstract class Channel {
  /** The loop that calls it. */
  declare readonly loop: EventLoop
  /** Index in the socket table; with `generation` it names the socket for ever. */
  declare readonly slot: number
  declare readonly generation: number

  /** Takes its place on the loop: events of this slot and generation come here from now on. */
  constructor(loop: EventLoop, slot: number, generation: number) {
    this.loop = loop
    this.slot = slot
    this.generation = generation
    loop.targets[slot] = this
  }

  /** The socket's name in calls of the addon. */
  get handle(): number {
    return this.generation * HANDLE_BASE + this.slot
  }

  /** A handler of this channel threw, or its promise was rejected. What this throws becomes an uncaughtException. */
  abstract fail(error: unknown): void

  /** Bytes arrived. */
  onData(_chunk: Buffer): void {}
  /** A connection was taken: its slot and generation. */
  onAccept(_slot: number, _generation: number): void {}
  /** A connect finished: 0 or the errno. */
  onConnect(_errno: number): void {}
  /** The peer will send no more. */
  onEnd(): void {}
  /** Queued output fell to the mark of `WATCH_DRAIN`. */
  onDrain(): void {}
  /** All output is with the kernel and the sending half is shut. */
  onFinish(): void {}
  /** The socket failed. Nothing more comes before it is destroyed. */
  onError(_errno: number, _syscall: number): void {}
  /** The last call: the socket is closed. Its row of the table can be read until this returns. */
  onClosed(): void {}
  /** A listener ran out of fds or memory, and tries again after so many milliseconds. */
  onAcceptPaused(_errno: number, _retryMs: number): void {}
  /** A paused listener accepts again. */
  onAcceptResumed(): void {}
  /** A watched socket is ready, in bits of `Readiness`. */
  onReady(_bits: number): void {}
  /** The pipe from this socket is over: 0 after the peer's end, else what became of the other side (errno). */
  onPiped(_errno: number): void {}
  /** The oldest file that was under way is with the kernel. */
  onFileSent(): void {}
  /** Datagrams arrived: the offset of the first one's header in the receive slab, and how many. */
  onDatagrams(_offset: number, _count: number): void {}
  /** A datagram socket could not do something, and goes on; `takeDatagramFailure` of the addon says what. */
  onDatagramError(_errno: number, _syscall: number): void {}
  /** A time that was asked for by `loop.timers.arm` has come; `nowMs` is the loop's clock. */
  onTimer(_nowMs: number): void {}

  /** Submits an operation (`Op`) on this socket; `a` as the operation wants it. */
  protected submit(op: number, a = 0): void {
    this.loop.submissions.push(op, this.slot, this.generation, a, 0)
  }

  /** A number of this socket's row in the table (`Column`). */
  protected column(column: number): number {
    return this.loop.table[this.slot * TABLE_COLUMNS + column]
  }

  /** getsockname(2); undefined once the socket is closed. */
  protected lookUpLocalAddress(): SocketAddress | undefined {
    const address = this.loop.reactor.localAddress(this.handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }

  /** The peer's address, for an accepted connection also in `onClosed`; undefined if the kernel has forgotten it. */
  protected lookUpRemoteAddress(): SocketAddress | undefined {
    const address = this.loop.reactor.remoteAddress(this.handle)
    return typeof address === 'number' ? undefined : publicAddress(address)
  }
}
