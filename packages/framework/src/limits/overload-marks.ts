/**
 * How many queued bytes mean which level of overload.
 *
 * ```
 *   cap          ─ ─ ─ ─ ─ ─ ─ 3 ─ ─ ─ ─ ─   the longest queues are shed, down to …
 *   stopAccepting (3/4) ─ ─ ─╱─ ╲─ ─ ─ ─ ─   2: nothing is accepted
 *   5/8          ─ ─ ─ ─ ─ ╱─ ─ ─╲─ ─ ─ ─ ─   … here, where 2 ends
 *   stopReading (1/2) ─ ─╱─ ─ ─ ─ ─╲─ ─ ─ ─   1: nothing is read from those who have output queued
 *   3/8          ─ ─ ─ ╱─ ─ ─ ─ ─ ─ ─╲─ ─ ─   here 1 ends
 * ```
 *
 * Each level ends an eighth of the cap below where it began, so that it does not begin and end with every message.
 */
import { outOfRange } from '@pollux/core'
import type { OverloadLevel } from '../plugins/plugin.js'

/** The part of the cap that lies between the beginning of a level and its end. */
const HYSTERESIS = 1 / 8

/** While a level lasts, it is looked at again each time that the queues have grown by this part of the cap. */
const STEP = 1 / 16

export class OverloadMarks {
  /** Where each level begins; level 0 never does. */
  private readonly begins: readonly [number, number, number, number]
  private readonly ends: readonly [number, number, number, number]
  private readonly stepBytes: number

  /**
   * @param cap bytes
   * @param stopReading where level 1 begins, as a part of the cap
   * @param stopAccepting where level 2 does
   */
  constructor(cap: number, stopReading: number, stopAccepting: number) {
    checkPart(stopReading, 'stopReading', 1)
    checkPart(stopAccepting, 'stopAccepting', 1)
    if (stopAccepting < stopReading) {
      throw outOfRange('stopAccepting', `>= stopReading (${stopReading})`, stopAccepting)
    }
    const begin = (part: number) => Math.max(1, Math.floor(part * cap))
    const end = (part: number) => Math.max(0, Math.floor((part - HYSTERESIS) * cap))
    this.begins = [0, begin(stopReading), begin(stopAccepting), cap]
    // Shedding goes on until accepting may, too.
    this.ends = [-1, end(stopReading), end(stopAccepting), end(stopAccepting)]
    this.stepBytes = Math.max(1, Math.floor(cap * STEP))
  }

  /** The level after `level`, with so much queued. */
  next(level: OverloadLevel, bytes: number): OverloadLevel {
    let next: number = level
    while (next < 3 && bytes >= this.begins[next + 1]) next++
    while (next > 0 && bytes <= this.ends[next]) next--
    return next as OverloadLevel
  }

  /** From where on the queues are to be looked at again. */
  above(level: OverloadLevel, bytes: number): number {
    if (level === 0) return this.begins[1]
    const step = bytes + this.stepBytes
    return level === 3 ? step : Math.min(step, Math.max(this.begins[level + 1], bytes + 1))
  }

  /** Down to where. */
  below(level: OverloadLevel): number {
    return this.ends[level]
  }

  /** What shedding has to reach. */
  get shedTo(): number {
    return this.ends[3]
  }
}

function checkPart(value: unknown, name: string, most: number): void {
  if (typeof value !== 'number' || !(value > 0 && value <= most)) {
    throw outOfRange(name, `> 0 and <= ${most}`, value)
  }
}
