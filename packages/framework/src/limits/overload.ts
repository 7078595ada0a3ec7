/** The plugin that bounds what a whole server has queued: it stops reading, then accepting, then sheds. */
import { type BacklogListener, checkInteger, checkObject, type EventLoop } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { overloaded } from '../failures.js'
import type { OverloadLevel, Plugin } from '../plugins/plugin.js'
import type { AnyServer } from '../server/server.js'
import { OverloadMarks } from './overload-marks.js'

/** Options of {@link overload}. */
export interface OverloadOptions {
  /**
   * The most bytes that may wait to be sent, on all sockets of the server's event loop together. At this mark the
   * connections with the longest queues are reset.
   */
  maxQueuedBytes: number
  /** From which part of it on nothing is read from connections that have output queued. Default 0.5. */
  stopReading?: number
  /** From which part of it on nothing is accepted. Default 0.75. */
  stopAccepting?: number
  /**
   * How long the server may accept nothing before connections are shed as if it had reached the cap: peers that never
   * read must not keep others out for ever. Default 5000.
   */
  patienceMs?: number
}

/** How often a server that is overloaded looks who can go on. */
const REVIEW_MS = 50

const MAX_DELAY_MS = 2 ** 31 - 1

/**
 * Makes the plugin that bounds the queued output of a server. What counts is what the kernel has not taken, of all sockets
 * on the server's event loop: that is the memory.
 *
 * | level | from | what happens |
 * | --- | --- | --- |
 * | 1 | `stopReading` | connections with output queued are not read from; the others are served |
 * | 2 | `stopAccepting` | and nothing is accepted: peers wait in the kernel's queue |
 * | 3 | `maxQueuedBytes` | and the longest queues are reset, with the reason 'overload', until level 2 is over |
 *
 * Each level ends by itself, an eighth of the cap below where it began. `server.overloadLevel` says how it is, the hook
 * and the handler `overload(server, level)` tell each change, and `statistics` counts overloads.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, lines, overload } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: lines(),
 *   plugins: [overload({ maxQueuedBytes: 256 * 1024 * 1024 })],
 *   message: (conn, line) => conn.send(line),
 *   overload: (server, level) => console.warn(`overload ${level}`),
 * })
 * ```
 */
export function overload(options: OverloadOptions): Plugin {
  checkObject(options, 'options')
  const { stopReading = 0.5, stopAccepting = 0.75, patienceMs = 5000 } = options
  const maxQueuedBytes = checkInteger(options.maxQueuedBytes, 'maxQueuedBytes', 1, Number.MAX_SAFE_INTEGER)
  const marks = new OverloadMarks(maxQueuedBytes, stopReading, stopAccepting)
  checkInteger(patienceMs, 'patienceMs', 0, MAX_DELAY_MS)
  const guards = new WeakMap<AnyServer, OverloadGuard>()
  return {
    name: 'overload',
    install(server) {
      guards.set(server, new OverloadGuard(server, marks, maxQueuedBytes, patienceMs))
    },
    closed(server) {
      guards.get(server)?.end()
    },
  }
}

/** Watches the queues of one server's loop. */
class OverloadGuard implements BacklogListener {
  private readonly loop: EventLoop
  private level: OverloadLevel = 0
  private timer: NodeJS.Timeout | undefined = undefined
  /** When accepting stopped. */
  private stoppedMs = 0

  constructor(
    private readonly server: AnyServer,
    private readonly marks: OverloadMarks,
    private readonly maxQueuedBytes: number,
    private readonly patienceMs: number,
  ) {
    this.loop = server.loop
    this.watch()
  }

  /** The queues have grown or shrunk enough to look at them. */
  onBacklog(): void {
    this.act()
    this.watch()
  }

  /** The server is no more. */
  end(): void {
    this.loop.backlog.unwatch(this)
    clearInterval(this.timer)
    this.timer = undefined
  }

  private watch(): void {
    const { bytes } = this.loop.backlog
    this.loop.backlog.watch(this, this.marks.above(this.level, bytes), this.marks.below(this.level))
  }

  private act(): void {
    const before = this.level
    this.enter(this.marks.next(before, this.loop.backlog.bytes))
    if (this.level === 3) {
      this.shed()
      this.enter(this.marks.next(this.level, this.loop.backlog.bytes))
    }
    // Those who have output now may not have had any before.
    if (this.level > 0) this.holdReaders()
    else if (before > 0) this.releaseAll()
  }

  private enter(level: OverloadLevel): void {
    const before = this.level
    if (level === before) return
    this.level = level
    if (level > 0) this.timer ??= setInterval(() => this.review(), REVIEW_MS).unref()
    else this.stopReviews()
    if (level >= 2 && before < 2) {
      this.stoppedMs = this.loop.now()
      this.server.holdAccepting()
    } else if (level < 2 && before >= 2) {
      this.server.releaseAccepting()
    }
    this.server.overloadChanged(level)
  }

  /** From time to time while the overload lasts: who has no output any more can go on. */
  private review(): void {
    if (this.loop.isClosed) {
      this.stopReviews()
      return
    }
    this.loop.submissions.flush()
    if (this.level >= 2 && this.loop.now() - this.stoppedMs >= this.patienceMs) this.shed()
    this.act()
    this.watch()
  }

  private stopReviews(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private holdReaders(): void {
    for (const connection of this.server.list()) {
      if (connection.queuedBytes > 0) connection.hold(Hold.OVERLOAD)
      else connection.release(Hold.OVERLOAD)
    }
  }

  private releaseAll(): void {
    for (const connection of this.server.list()) connection.release(Hold.OVERLOAD)
  }

  /** Resets the connections with the longest queues, until accepting may go on. */
  private shed(): void {
    const queued: AnyConnection[] = [...this.server.list()].filter(({ queuedBytes }) => queuedBytes > 0)
    queued.sort((one, other) => other.queuedBytes - one.queuedBytes)
    let left = this.loop.backlog.bytes
    for (const connection of queued) {
      if (left <= this.marks.shedTo) break
      // An `error` handler may have closed others.
      if (connection.readyState === 'closed') continue
      const { queuedBytes } = connection
      left -= queuedBytes
      connection.shed(overloaded(queuedBytes, this.maxQueuedBytes))
    }
    // The reactor frees what they had queued, at once.
    this.loop.submissions.flush()
  }
}
