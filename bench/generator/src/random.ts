/** Numbers that look random and come again with the same seed (xorshift32). Not for secrets. */
export class Random {
  private state: number

  constructor(seed: number) {
    // Seeds that follow each other must not give sequences that do.
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1
    for (let i = 0; i < 4; i++) this.next()
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    let state = this.state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return state >>> 0
  }

  /** From 0 to less than 1. */
  fraction(): number {
    return this.next() / 2 ** 32
  }

  /** 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }
}
