/** One command of a client, as the bytes that it came in. */

/** The method behind `toString('latin1')`, without its checks. */
type SlicingBuffer = Buffer & { latin1Slice(from: number, to: number): string }

/** Texts of up to so many bytes are likely to come again: names of fields, small numbers, flags. */
const SHORT_TEXT = 8

const PRIME = 0x01000193

/** The last short text of each hash: found again, it takes no new memory and is likely to be in the processor's cache. */
const shortTexts: string[] = new Array(1024).fill('')

function shortText(bytes: Buffer, from: number, to: number): string {
  let hash = to - from
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at], PRIME)
  const place = (hash ^ (hash >>> 15)) & (shortTexts.length - 1)
  const known = shortTexts[place]
  let at = known.length === to - from ? from : to + 1
  while (at < to && known.charCodeAt(at - from) === bytes[at]) at++
  if (at === to) return known
  const text = (bytes as SlicingBuffer).latin1Slice(from, to)
  shortTexts[place] = text
  return text
}

const NOTHING = Buffer.alloc(0)

/** A command of more arguments does not keep its memory. */
const KEPT_ARGUMENTS = 1024

/**
 * A command and its arguments; the first is its name. Valid until the handler returns: what is kept of it is made by
 * `text`, which gives one character (of latin1) for each byte, so that keys and values may be any bytes.
 */
export class Request {
  /** How many arguments there are, with the name. */
  count = 0
  bytes: Buffer = NOTHING
  /** Where in `bytes` the request begins. */
  private base = 0
  /** Beginning and end of each argument, from `base` on. */
  private edges: number[] = []

  /** How long an argument is. */
  length(index: number): number {
    return this.edges[2 * index + 1] - this.edges[2 * index]
  }

  from(index: number): number {
    return this.base + this.edges[2 * index]
  }

  to(index: number): number {
    return this.base + this.edges[2 * index + 1]
  }

  text(index: number): string {
    const from = this.from(index)
    const to = this.to(index)
    if (to - from <= SHORT_TEXT) return shortText(this.bytes, from, to)
    return (this.bytes as SlicingBuffer).latin1Slice(from, to)
  }

  /** An argument that is a word of the protocol, whose case means nothing. */
  word(index: number): string {
    return this.text(index).toLowerCase()
  }

  /** The arguments from this one on. */
  texts(first: number): string[] {
    const texts: string[] = []
    for (let i = first; i < this.count; i++) texts.push(this.text(i))
    return texts
  }

  // From here on: called by the codec.

  clear(): void {
    this.count = 0
    if (this.edges.length > 2 * KEPT_ARGUMENTS) this.edges = []
  }

  add(from: number, to: number): void {
    const at = 2 * this.count++
    this.edges[at] = from
    this.edges[at + 1] = to
  }

  place(bytes: Buffer, base: number): void {
    if (this.bytes !== bytes) this.bytes = bytes
    this.base = base
  }
}
