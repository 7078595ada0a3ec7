/** The few greatest of many, in one pass and little memory. */

/** Keeps the `size` heaviest of all that it is offered; of equal ones, those that came first. */
export class Heaviest<Item> {
  private readonly size: number
  /** Heaviest first. */
  private readonly items: Item[] = []
  private readonly weights: number[] = []

  constructor(size: number) {
    this.size = size
  }

  offer(item: Item, weight: number): void {
    const { items, weights, size } = this
    const count = weights.length
    // So it ends for most of them.
    if (count === size && (size === 0 || weight <= weights[count - 1])) return
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (weights[middle] >= weight) low = middle + 1
      else high = middle
    }
    items.splice(low, 0, item)
    weights.splice(low, 0, weight)
    if (count === size) {
      items.pop()
      weights.pop()
    }
  }

  /** Heaviest first. */
  sorted(): Item[] {
    return this.items
  }
}
