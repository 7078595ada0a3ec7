/** A list that both ends of are near: a ring in an array. */

const LEAST_CAPACITY = 8

export class List {
  length = 0
  private ring: string[] = new Array(LEAST_CAPACITY).fill('')
  /** Where in the ring the first item is. */
  private first = 0

  at(index: number): string {
    return this.ring[(this.first + index) & (this.ring.length - 1)]
  }

  set(index: number, item: string): void {
    this.ring[(this.first + index) & (this.ring.length - 1)] = item
  }

  push(item: string): void {
    this.makeRoom()
    this.set(this.length++, item)
  }

  unshift(item: string): void {
    this.makeRoom()
    this.first = (this.first - 1) & (this.ring.length - 1)
    this.length++
    this.set(0, item)
  }

  /** Takes the last item of a list that is not empty. */
  pop(): string {
    const item = this.at(--this.length)
    this.set(this.length, '')
    return item
  }

  /** Takes the first item of a list that is not empty. */
  shift(): string {
    const item = this.at(0)
    this.set(0, '')
    this.first = (this.first + 1) & (this.ring.length - 1)
    this.length--
    return item
  }

  slice(from: number, to: number): string[] {
    const items: string[] = []
    for (let i = from; i < to; i++) items.push(this.at(i))
    return items
  }

  /** Becomes these items. */
  replace(items: readonly string[]): void {
    this.first = 0
    this.length = 0
    this.ring = new Array(LEAST_CAPACITY).fill('')
    for (const item of items) this.push(item)
  }

  private makeRoom(): void {
    if (this.length < this.ring.length) return
    const items = this.slice(0, this.length)
    this.ring = items.concat(new Array(items.length).fill(''))
    this.first = 0
  }
}
