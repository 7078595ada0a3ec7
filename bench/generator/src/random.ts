/** Numbers that look random and are the same for the same seed. (Marsaglia, "Xorshift RNGs", 2003; the 32-bit one.) */
export class Random {
  private state: number

  constructor(seed: number) {
    // Neighbouring seeds begin far apart, and none with the zero that never changes.
    this.state = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b) || 1
    for (let i = 0; i < 8; i++) this.next()
  }

  /** From 0 to less than 1. */
  next(): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return (x >>> 0) / 2 ** 32
  }
}
