// Random choices that a seed repeats.
import { randomInt } from 'node:crypto'

/** POLLUX_SEED repeats a run; without it each run is another. */
export const SEED = Number(process.env.POLLUX_SEED ?? randomInt(2 ** 31))

/** Mulberry32: small, and good enough to choose with. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** From 0 to just below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** Every order of magnitude is as likely as any other. */
  magnitude(max: number): number {
    return Math.floor((max + 1) ** this.next())
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]
  }

  fork(): Random {
    return new Random(this.int(0, 2 ** 32 - 1))
  }
}
