/** A queue: first in, first out. */

/** So many taken places at the front are worth a copy of the rest. */
const WORTH_A_COPY = 1024

/** Takes and gives in constant time, on average; an array's `shift` moves all the others. */
export class Fifo<T> {
  private items: (T | undefined)[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  push(item: T): void {
    this.items.push(item)
  }

  /** The oldest, which stays where it is; undefined if there is none. */
  peek(): T | undefined {
    return this.items[this.head]
  }

  /** Takes the oldest out; undefined if there is none. */
  shift(): T | undefined {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head]
    // Not to be kept alive by the place that it had.
    this.items[this.head++] = undefined
    if (this.head === this.items.length) {
      this.items.length = 0
      this.head = 0
    } else if (this.head >= WORTH_A_COPY && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }
}
