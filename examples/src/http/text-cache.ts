/** Texts that come again and again, made of their bytes once. */

/** The methods behind `toString`, without its checks. */
export type SlicingBuffer = Buffer & { latin1Slice(from: number, to: number): string }

/** A power of two. What falls into the same slot takes its place: a peer can spoil the cache, and fill no memory with it. */
const SLOTS = 256

/** Longer ones seldom come twice, and comparing them costs as much as making them. */
const MAX_BYTES = 64

export class TextCache {
  private readonly texts: string[] = new Array(SLOTS).fill('')

  /** The bytes from `from` to `to` as text, a character for each. */
  latin1(bytes: Buffer, from: number, to: number): string {
    const length = to - from
    if (length > MAX_BYTES) return (bytes as SlicingBuffer).latin1Slice(from, to)
    let hash = length
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0
    const slot = hash & (SLOTS - 1)
    const known = this.texts[slot]
    if (known.length === length && isText(bytes, from, known)) return known
    const text = (bytes as SlicingBuffer).latin1Slice(from, to)
    this.texts[slot] = text
    return text
  }
}

function isText(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}
