/** What a worker does to the server. */
import type { EventLoop } from '@pollux/core'
import type { Options } from '../options.js'
import type { Recorder } from '../recorder.js'

/** One worker's part of a run. */
export interface Job {
  options: Options
  loop: EventLoop
  recorder: Recorder
  /** Its connections: `count` of them, numbered from `first`. */
  first: number
  count: number
}

/** A mode, as a worker runs it: `open`, `start`, `stop` and `close`, in this order. */
export interface Load {
  /** Connects. Rejects with a SocketError when the server is not there. */
  open(): Promise<void>
  /** Begins, at that time of `nowNs`. */
  start(startNs: number): void
  /** Asks for nothing more; resolves when everything is answered or given up. */
  stop(): Promise<void>
  /** Closes all connections. Also after `open` was rejected. */
  close(): void
  /** Bytes that open conversations have compared. */
  readonly verifiedBytes: number
  /** Called where all connections are lost: there is nothing left to measure. */
  onAllLost?: () => void
  /** Of `slow-readers`: opens those, while the others go on. */
  disturb?(): Promise<void>
  /** What they have done so far. */
  readonly slowUse?: SlowUse
}

/** What slow readers have done. */
export interface SlowUse {
  /** Bytes of their requests, and bytes of replies that they have read. */
  sentBytes: number
  readBytes: number
  /** Those that the server has got rid of. */
  gone: number
}
