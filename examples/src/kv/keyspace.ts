/** The keys of a database: a hash table that is asked with the bytes of a request, so that a look-up makes no string. */
import { randomInt } from 'node:crypto'
import type { List } from './list.js'
import type { MemberSet } from './member-set.js'
import type { Request } from './request.js'

/** A string, a hash, a list or a set. */
export type Value = string | Map<string, string> | List | MemberSet

/**
 * A key and what it has. The first bytes of the key stand here once more, as words: to compare them with those of a
 * request is to look at no other memory, and waiting for memory is what a look-up consists of.
 */
export class Entry {
  // In this order: what a look-up needs stands together.
  /** The next entry of the same bucket. */
  next: Entry | null = null
  value: Value
  private readonly word0: number
  private readonly word1: number
  private readonly word2: number
  private readonly word3: number
  private readonly length: number
  /** Whether it is over at some time: `Database.expiring` knows when. */
  expires = false
  readonly hash: number
  readonly key: string

  constructor(hash: number, key: string, value: Value) {
    this.value = value
    this.word0 = wordOfText(key, 0)
    this.word1 = wordOfText(key, 4)
    this.word2 = wordOfText(key, 8)
    this.word3 = wordOfText(key, 12)
    this.length = key.length
    this.hash = hash
    this.key = key
  }

  /** Whether these bytes are its key. */
  isAt(bytes: Buffer, from: number, to: number): boolean {
    if (
      this.length !== to - from ||
      this.word0 !== wordOfBytes(bytes, from, to) ||
      this.word1 !== wordOfBytes(bytes, from + 4, to) ||
      this.word2 !== wordOfBytes(bytes, from + 8, to) ||
      this.word3 !== wordOfBytes(bytes, from + 12, to)
    ) {
      return false
    }
    for (let at = 16; at < this.length; at++) if (this.key.charCodeAt(at) !== bytes[from + at]) return false
    return true
  }
}

/** Not known outside of the process, so that nobody can choose keys that all meet in one bucket. */
const SEED = randomInt(2 ** 31)

const PRIME = 0x01000193
const LEAST_BUCKETS = 16

/** Four bytes, or what there is of them before `to`; 0 for none. */
function wordOfBytes(bytes: Buffer, at: number, to: number): number {
  if (at + 4 <= to) {
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  }
  let word = 0
  for (let shift = 0; at < to; at++, shift += 8) word |= bytes[at] << shift
  return word
}

function wordOfText(text: string, at: number): number {
  let word = 0
  for (let i = at; i < at + 4 && i < text.length; i++) word |= text.charCodeAt(i) << (8 * (i - at))
  return word
}

/** By words, for multiplying is what takes time. Both functions give the same for the same bytes. */
function hashOfBytes(bytes: Buffer, from: number, to: number): number {
  let hash = SEED ^ (to - from)
  for (let at = from; at < to; at += 4) hash = mix(hash, wordOfBytes(bytes, at, to))
  return hash
}

function hashOfText(text: string): number {
  let hash = SEED ^ text.length
  for (let at = 0; at < text.length; at += 4) hash = mix(hash, wordOfText(text, at))
  return hash
}

/** FNV-1a with words for bytes, and the upper half folded into the lower, which chooses the bucket. */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, PRIME)
  return product ^ (product >>> 15)
}

export class Keyspace {
  size = 0
  private buckets: (Entry | null)[] = new Array(LEAST_BUCKETS).fill(null)

  /** The entry of a request's argument. */
  findArgument(request: Request, index: number): Entry | undefined {
    const { bytes } = request
    const from = request.from(index)
    const to = request.to(index)
    const hash = hashOfBytes(bytes, from, to)
    let entry = this.buckets[hash & (this.buckets.length - 1)]
    for (; entry !== null; entry = entry.next) {
      if (entry.isAt(bytes, from, to)) return entry
    }
    return undefined
  }

  find(key: string): Entry | undefined {
    const hash = hashOfText(key)
    let entry = this.buckets[hash & (this.buckets.length - 1)]
    while (entry !== null && entry.key !== key) entry = entry.next
    return entry ?? undefined
  }

  /** Adds a key that is not there. */
  add(key: string, value: Value): Entry {
    // Half of the buckets are empty at least: the way to another entry is a wait for memory.
    if (2 * this.size === this.buckets.length) this.resize(2 * this.buckets.length)
    const entry = new Entry(hashOfText(key), key, value)
    this.put(entry)
    this.size++
    return entry
  }

  delete(entry: Entry): void {
    const { buckets } = this
    const index = entry.hash & (buckets.length - 1)
    let before = buckets[index]
    if (before === entry) {
      buckets[index] = entry.next
    } else {
      while (before !== null && before.next !== entry) before = before.next
      if (before === null) return
      before.next = entry.next
    }
    entry.next = null
    this.size--
    if (this.size < buckets.length >> 4 && buckets.length > LEAST_BUCKETS) this.resize(buckets.length >> 1)
  }

  clear(): void {
    this.size = 0
    this.buckets = new Array(LEAST_BUCKETS).fill(null)
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const first of this.buckets) {
      for (let entry = first; entry !== null; entry = entry.next) yield entry
    }
  }

  /**
   * Looks at one bucket and says where to go on; 0 after the last. The cursor counts with its bits in reverse, the
   * highest first: buckets that were visited stay so when the table grows or shrinks, and a key that is there all the
   * time is seen at least once.
   */
  scan(cursor: number, visit: (entry: Entry) => void): number {
    const mask = this.buckets.length - 1
    for (let entry = this.buckets[cursor & mask]; entry !== null; entry = entry.next) visit(entry)
    return reversed((reversed((cursor | ~mask) >>> 0) + 1) >>> 0)
  }

  private put(entry: Entry): void {
    const index = entry.hash & (this.buckets.length - 1)
    entry.next = this.buckets[index]
    this.buckets[index] = entry
  }

  private resize(count: number): void {
    const entries = [...this]
    this.buckets = new Array(count).fill(null)
    for (const entry of entries) this.put(entry)
  }
}

/** The 32 bits of a number, the last first. */
function reversed(value: number): number {
  let bits = ((value >>> 1) & 0x55555555) | ((value & 0x55555555) << 1)
  bits = ((bits >>> 2) & 0x33333333) | ((bits & 0x33333333) << 2)
  bits = ((bits >>> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4)
  bits = ((bits >>> 8) & 0x00ff00ff) | ((bits & 0x00ff00ff) << 8)
  return ((bits >>> 16) | (bits << 16)) >>> 0
}
