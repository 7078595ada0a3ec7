/**
 * The queued output of a whole loop, and who wants to know when it has grown or shrunk past a mark.
 *
 * ```
 *   reactor: after each drain and each round of flushes ──BACKLOG──┐
 *   Submissions: after what it hands over in a handler ────────────┴──▶ look ──▶ BacklogListener.onBacklog
 * ```
 *
 * The second way is what bounds memory within one dispatch: a thousand messages may be in it, and each may be answered
 * by a megabyte.
 */
import { Counter } from '@pollux/native-poll'
import type { EventLoop } from './event-loop.js'

/** Told once for each `watch`. Must not throw. */
export interface BacklogListener {
  onBacklog(bytes: number): void
}

interface Range {
  above: number
  below: number
}

const NEVER_ABOVE = Number.MAX_SAFE_INTEGER
const NEVER_BELOW = -1

export class BacklogWatch {
  private readonly ranges = new Map<BacklogListener, Range>()
  private looking = false

  constructor(
    private readonly loop: EventLoop,
    private readonly counters: Float64Array,
  ) {}

  /** Bytes that wait to be sent on all sockets of the loop. */
  get bytes(): number {
    return this.counters[Counter.backlogBytes]
  }

  /**
   * Calls `onBacklog` of the listener once, when so many bytes are queued: `above` or more, `below` or less. Takes the
   * place of an earlier request. Where that is so already, it is called soon.
   */
  watch(listener: BacklogListener, above = NEVER_ABOVE, below = NEVER_BELOW): void {
    this.ranges.set(listener, { above, below })
    this.set()
  }

  /** The listener is not called any more. */
  unwatch(listener: BacklogListener): void {
    if (this.ranges.delete(listener)) this.set()
  }

  /** Internal: tells those whose range was left. */
  look(): void {
    // A listener that sends or destroys hands something over as well.
    if (this.looking) return
    this.looking = true
    try {
      for (const [listener, { above, below }] of this.ranges) {
        const { bytes } = this
        if (bytes < above && bytes > below) continue
        this.ranges.delete(listener)
        listener.onBacklog(bytes)
      }
    } finally {
      this.looking = false
      this.set()
    }
  }

  /** The narrowest range is what the reactor looks at. */
  private set(): void {
    if (this.looking || this.loop.isClosed) return
    let above = NEVER_ABOVE
    let below = NEVER_BELOW
    for (const range of this.ranges.values()) {
      above = Math.min(above, range.above)
      below = Math.max(below, range.below)
    }
    this.loop.submissions.alarmBytes = above
    this.loop.reactor.watchBacklog(above, below)
  }
}
