// Chance that can be repeated: a failing test names its seed, and POLLUX_SEED brings the same run again.

/** Seeds for a test to run with: `count` new ones, or the one of the environment. */
export function seeds(count: number): number[] {
  const given = process.env.POLLUX_SEED
  if (given) return [Number(given)]
  return Array.from({ length: count }, () => Math.floor(Math.random() * 2 ** 31))
}

export class Random {
  constructor(private state: number) {}

  /** The next 32 bits (mulberry32). */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** From 0 to `end` - 1. */
  below(end: number): number {
    return this.bits() % end
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]
  }
}
