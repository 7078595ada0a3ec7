/** How long messages are: always the same, or by a distribution. */
import type { Random } from './random.js'
import { UsageError } from './usage-error.js'

export const MAX_SIZE = 64 * 1024 * 1024

export interface Sizes {
  /** As it was given. */
  text: string
  smallest: number
  /** No message is longer. */
  largest: number
  next(random: Random): number
}

const FORMS = 'bytes as N, A-B (all alike), N:WEIGHT,N:WEIGHT,… or exp:MEAN; N may end in k or M'

/** The exponential distribution has no end; its tail is cut where 1 in 10,000 would be longer. */
const EXPONENTIAL_TAIL = Math.log(10_000)

/**
 * Reads a size or a distribution of sizes.
 *
 * @example
 * ```ts
 * parseSizes('64') // always 64 bytes
 * parseSizes('100-2k') // each from 100 to 2,048 as often
 * parseSizes('64:90,4k:9,1M:1') // 90% of 64 bytes, 9% of 4 KiB, 1% of 1 MiB
 * parseSizes('exp:512') // exponential, 512 bytes on average, at most 9.2 times that
 * ```
 *
 * @throws UsageError
 */
export function parseSizes(text: string): Sizes {
  if (text.startsWith('exp:')) return exponential(text, parseSize(text.slice(4), text))
  if (text.includes(':')) return weighted(text)
  const dash = text.indexOf('-', 1)
  if (dash > 0)
    return uniform(text, parseSize(text.slice(0, dash), text), parseSize(text.slice(dash + 1), text))
  const size = parseSize(text, text)
  return { text, smallest: size, largest: size, next: () => size }
}

function uniform(text: string, smallest: number, largest: number): Sizes {
  if (smallest > largest) throw new UsageError(`--size ${text}: the first number must not be the larger one`)
  const count = largest - smallest + 1
  return { text, smallest, largest, next: (random) => smallest + random.below(count) }
}

function exponential(text: string, mean: number): Sizes {
  const largest = Math.min(MAX_SIZE, Math.ceil(mean * EXPONENTIAL_TAIL))
  return {
    text,
    smallest: 1,
    largest,
    next: (random) => Math.min(largest, Math.max(1, Math.round(-mean * Math.log(1 - random.fraction())))),
  }
}

function weighted(text: string): Sizes {
  const parts = text.split(',').map((part) => {
    const [size, weight, ...more] = part.split(':')
    const number = Number(weight)
    if (more.length > 0 || weight === undefined || !(number > 0) || !Number.isFinite(number)) {
      throw new UsageError(`--size ${text}: ${part} is no SIZE:WEIGHT with a weight above 0`)
    }
    return { size: parseSize(size ?? '', text), weight: number }
  })
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  const sizes = parts.map(({ size }) => size)
  return {
    text,
    smallest: Math.min(...sizes),
    largest: Math.max(...sizes),
    next(random) {
      let at = random.fraction() * total
      for (const { size, weight } of parts) {
        at -= weight
        if (at < 0) return size
      }
      return sizes[sizes.length - 1] as number
    },
  }
}

function parseSize(text: string, whole: string): number {
  const match = /^(\d+)([kKmM]?)$/.exec(text)
  const unit = { '': 1, k: 1024, m: 1024 * 1024 }[match?.[2]?.toLowerCase() ?? '']
  const size = Number(match?.[1]) * (unit ?? Number.NaN)
  if (!(size >= 1 && size <= MAX_SIZE)) {
    throw new UsageError(`--size ${whole}: ${JSON.stringify(text)} is no size from 1 to 64M. Give ${FORMS}`)
  }
  return size
}
