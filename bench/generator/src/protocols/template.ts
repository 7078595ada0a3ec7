/**
 * Texts with places in them: `{n}` is the number of a key, as many digits as the largest key has, and `{size}` is a value
 * of as many bytes as `--size` says. Which bytes a value has follows from its key, so that what a server stored can be
 * compared with what it gives back.
 *
 *     SET key:{n} {size}     SET key:00042 <64 bytes of the pattern, from place 42 on>
 *
 * Requests are made by patching one copy: nothing is formatted or allocated for each of them.
 */

/** What a template consists of. */
export type Part = { kind: 'bytes'; bytes: Buffer } | { kind: 'key' } | { kind: 'value' }

const PLACES = /(\{n\}|\{size\})/

/** Takes a text apart. */
export function parseTemplate(text: string): Part[] {
  return text
    .split(PLACES)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (piece === '{n}') return { kind: 'key' }
      if (piece === '{size}') return { kind: 'value' }
      return { kind: 'bytes', bytes: Buffer.from(piece) }
    })
}

/** Digits of every key's number, from 0 to `keys - 1`. */
export function keyDigits(keys: number): number {
  return String(Math.max(0, keys - 1)).length
}

/** How many bytes the parts are together, with values of that size. */
export function lengthOf(parts: readonly Part[], keys: number, size: number): number {
  let length = 0
  for (const part of parts) {
    if (part.kind === 'bytes') length += part.bytes.length
    else length += part.kind === 'key' ? keyDigits(keys) : size
  }
  return length
}

/** The bytes that values are made of, and where the value of a key begins in them. */
export interface Values {
  readonly bytes: Buffer
  startOf(key: number): number
}

const ZERO = 0x30
/** What requests may take that wait for their size to come again. */
const MAX_STAMPED_BYTES = 32 * 1024 * 1024

/** One request, whose key and value are changed in place. */
export class Stamp {
  /** As it was last filled. */
  readonly bytes: Buffer
  private readonly keysAt: number[] = []
  private readonly valuesAt: number[] = []
  private readonly digits: number
  private readonly size: number
  private readonly values: Values
  private key = -1

  constructor(parts: readonly Part[], keys: number, size: number, values: Values) {
    this.digits = keyDigits(keys)
    this.size = size
    this.values = values
    this.bytes = Buffer.alloc(lengthOf(parts, keys, size))
    let at = 0
    for (const part of parts) {
      if (part.kind === 'bytes') {
        at += part.bytes.copy(this.bytes, at)
      } else if (part.kind === 'key') {
        this.keysAt.push(at)
        at += this.digits
      } else {
        this.valuesAt.push(at)
        at += size
      }
    }
    this.fill(0)
  }

  /** @returns the request for that key, valid until the next call */
  fill(key: number): Buffer {
    if (key === this.key) return this.bytes
    this.key = key
    const { bytes, keysAt, valuesAt, digits } = this
    for (let i = 0; i < keysAt.length; i++) {
      const first = keysAt[i]
      let rest = key
      for (let at = first + digits - 1; at >= first; at--) {
        const tenth = Math.floor(rest / 10)
        bytes[at] = ZERO + rest - tenth * 10
        rest = tenth
      }
    }
    if (valuesAt.length > 0) {
      const start = this.values.startOf(key)
      for (let i = 0; i < valuesAt.length; i++)
        this.values.bytes.copy(bytes, valuesAt[i], start, start + this.size)
    }
    return bytes
  }
}

/** Stamps of one template by the size of its values. */
export class Stamps {
  private readonly make: (size: number) => readonly Part[]
  private readonly keys: number
  private readonly values: Values
  private readonly bySize = new Map<number, Stamp>()
  private bytes = 0

  /** @param make the parts for values of that size: a length that stands before a value depends on it */
  constructor(make: (size: number) => readonly Part[], keys: number, values: Values) {
    this.make = make
    this.keys = keys
    this.values = values
  }

  of(size: number): Stamp {
    const known = this.bySize.get(size)
    if (known !== undefined) return known
    const stamp = new Stamp(this.make(size), this.keys, size, this.values)
    // Bounded: a wide distribution of large sizes must not take all memory.
    if (this.bytes + stamp.bytes.length > MAX_STAMPED_BYTES) {
      this.bySize.clear()
      this.bytes = 0
    }
    this.bytes += stamp.bytes.length
    this.bySize.set(size, stamp)
    return stamp
  }
}
