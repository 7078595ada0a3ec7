/**
 * A hashed timing wheel: one pending time for each slot, armed and cancelled in constant time, with no object for
 * it. (Varghese and Lauck, "Hashed and hierarchical timing wheels", scheme 6.)
 *
 * ```
 *   bucket  0   1   2   3 …  N-1     a time belongs to bucket (time / TICK_MS) mod N
 *           │       │
 *           7 ⇄ 3   12               slots, linked through `next` and `prev`; what is due in a later
 *                                    revolution stays where it is
 * ```
 */

/** Milliseconds for which one bucket stands. */
export const TICK_MS = 16

const BUCKETS = 1024

/** The list of those whose time has come. */
const EXPIRED = BUCKETS

const NONE = -1

export class TimerWheel {
  private readonly heads = new Int32Array(BUCKETS + 1).fill(NONE)
  private next = new Int32Array(0)
  private prev = new Int32Array(0)
  /** Which list a slot is in; NONE: not armed. */
  private lists = new Int32Array(0)
  private dues = new Float64Array(0)
  /** The last tick that was looked at. */
  private tick: number
  private count = 0

  /** @param nowMs the clock that all other times are of, with any beginning */
  constructor(nowMs: number) {
    this.tick = Math.floor(nowMs / TICK_MS)
  }

  /** How many slots are armed, or expired and not taken yet. */
  get armed(): number {
    return this.count
  }

  isArmed(slot: number): boolean {
    return slot < this.lists.length && this.lists[slot] !== NONE
  }

  /**
   * Has `slot` expire at `dueMs` or up to a tick later, never earlier; replaces an earlier request.
   *
   * @returns when an `advance` will expire it
   */
  arm(slot: number, dueMs: number): number {
    this.cancel(slot)
    if (slot >= this.lists.length) this.grow(slot + 1)
    const tick = Math.max(Math.ceil(dueMs / TICK_MS), this.tick + 1)
    this.dues[slot] = tick * TICK_MS
    this.link(slot, tick % BUCKETS)
    this.count++
    return tick * TICK_MS
  }

  cancel(slot: number): void {
    if (!this.isArmed(slot)) return
    this.unlink(slot)
    this.count--
  }

  /** Expires what is due at `nowMs`; {@link take} then gives the slots one by one. */
  advance(nowMs: number): void {
    const now = Math.floor(nowMs / TICK_MS)
    // After a long sleep one revolution reaches every bucket.
    const first = Math.max(this.tick + 1, now - BUCKETS + 1)
    for (let tick = first; tick <= now; tick++) this.expire(tick % BUCKETS, nowMs)
    if (now > this.tick) this.tick = now
  }

  /** A slot that has expired, no longer armed; or -1. */
  take(): number {
    const slot = this.heads[EXPIRED]
    if (slot === NONE) return -1
    this.cancel(slot)
    return slot
  }

  /** When `advance` next has something to look at; Infinity if nothing is armed. */
  nextMs(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY
    if (this.heads[EXPIRED] !== NONE) return this.tick * TICK_MS
    let tick = this.tick + 1
    while (this.heads[tick % BUCKETS] === NONE) tick++
    return tick * TICK_MS
  }

  private expire(list: number, nowMs: number): void {
    let slot = this.heads[list]
    while (slot !== NONE) {
      const following = this.next[slot]
      if (this.dues[slot] <= nowMs) {
        this.unlink(slot)
        this.link(slot, EXPIRED)
      }
      slot = following
    }
  }

  private link(slot: number, list: number): void {
    const head = this.heads[list]
    this.next[slot] = head
    this.prev[slot] = NONE
    if (head !== NONE) this.prev[head] = slot
    this.heads[list] = slot
    this.lists[slot] = list
  }

  private unlink(slot: number): void {
    const next = this.next[slot]
    const prev = this.prev[slot]
    if (next !== NONE) this.prev[next] = prev
    if (prev !== NONE) this.next[prev] = next
    else this.heads[this.lists[slot]] = next
    this.lists[slot] = NONE
  }

  private grow(slots: number): void {
    const size = Math.max(slots, this.lists.length * 2, 64)
    const lists = new Int32Array(size).fill(NONE)
    lists.set(this.lists)
    this.lists = lists
    this.next = enlarged(this.next, size)
    this.prev = enlarged(this.prev, size)
    const dues = new Float64Array(size)
    dues.set(this.dues)
    this.dues = dues
  }
}

function enlarged(old: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size)
  larger.set(old)
  return larger
}
