/** A first-in-first-out queue of numbers that allocates only while it grows. */
export class NumberQueue {
  private items = new Float64Array(16)
  private first = 0
  private count = 0

  get length(): number {
    return this.count
  }

  push(value: number): void {
    if (this.count === this.items.length) this.grow()
    this.items[(this.first + this.count++) & (this.items.length - 1)] = value
  }

  /** The oldest, which is removed; -1 where there is none. */
  shift(): number {
    if (this.count === 0) return -1
    const value = this.items[this.first]
    this.first = (this.first + 1) & (this.items.length - 1)
    this.count--
    return value
  }

  /** The oldest; -1 where there is none. */
  peek(): number {
    return this.count === 0 ? -1 : this.items[this.first]
  }

  clear(): void {
    this.count = 0
  }

  private grow(): void {
    const items = new Float64Array(this.items.length * 2)
    for (let i = 0; i < this.count; i++) items[i] = this.items[(this.first + i) & (this.items.length - 1)]
    this.items = items
    this.first = 0
  }
}
