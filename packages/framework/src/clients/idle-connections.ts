/** The connections of a pool that nobody uses: the one that came last leaves first, so that the others can get old. */
import type { AnyConnection } from '../connection/connection.js'

export class IdleConnections<Member extends AnyConnection> {
  private readonly members: { connection: Member; sinceMs: number }[] = []
  private timer: NodeJS.Timeout | undefined = undefined
  private readonly timeoutMs: number
  private readonly expired: () => void

  /**
   * @param timeoutMs 0: none gets too old
   * @param expired called when the oldest has been here for `timeoutMs`; to be settled by `takeExpired`
   */
  constructor(timeoutMs: number, expired: () => void) {
    this.timeoutMs = timeoutMs
    this.expired = expired
  }

  get length(): number {
    return this.members.length
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const { connection } of this.members) yield connection
  }

  add(connection: Member): void {
    this.members.push({ connection, sinceMs: performance.now() })
    this.watch()
  }

  /** The one that was used last; undefined if there is none. */
  take(): Member | undefined {
    return this.members.pop()?.connection
  }

  /** The oldest, if it has been here for too long. */
  takeExpired(): Member | undefined {
    const oldest = this.members[0]
    if (oldest === undefined || performance.now() - oldest.sinceMs < this.timeoutMs) return undefined
    this.members.shift()
    return oldest.connection
  }

  /** False if it is not here. */
  remove(connection: Member): boolean {
    const index = this.members.findIndex((member) => member.connection === connection)
    if (index >= 0) this.members.splice(index, 1)
    return index >= 0
  }

  /** All of them. */
  takeAll(): Member[] {
    clearTimeout(this.timer)
    return this.members.splice(0).map(({ connection }) => connection)
  }

  /** Wakes up when the oldest of now is too old, however few are left then. */
  watch(): void {
    const oldest = this.members[0]
    if (this.timeoutMs === 0 || this.timer !== undefined || oldest === undefined) return
    const delayMs = Math.max(1, Math.ceil(oldest.sinceMs + this.timeoutMs - performance.now()))
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.expired()
    }, delayMs)
    // The connections keep the process alive, if anything does.
    this.timer.unref()
  }
}
