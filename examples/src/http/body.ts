/** Bodies in chunks (RFC 9112, section 7.1), taken as they come. */
import type { Input } from '@pollux/framework'
import type { HeadReader } from './head.js'
import { HttpError } from './http-error.js'

const NOTHING = Buffer.alloc(0)

const SEMICOLON = 0x3b
const SP = 0x20
const TAB = 0x09
const CR = 0x0d
const LF = 0x0a

/** Digits of a chunk's size; more are leading zeros or a lie. */
const MAX_SIZE_DIGITS = 8

/** The line of a chunk's size, with extensions that nobody here knows. */
const MAX_LINE_BYTES = 256

export class ChunkedBody {
  /** What has come of the body, with room behind it: one piece, for a peer may send each byte in a chunk of its own. */
  private bytes = NOTHING
  private filled = 0
  /** Of all chunks whose size is known. */
  private length = 0
  /** Bytes of the chunk that are still to come; -1 where the next line is a size, -2 where it is a trailer. */
  private left = -1
  private readonly beganMs = performance.now()

  constructor(
    private readonly reader: HeadReader,
    private readonly maxBytes: number,
    private readonly timeoutMs: number,
  ) {}

  /** Takes what is there. The body, once it is complete. @throws HttpError */
  read(input: Input): Buffer | undefined {
    // `messageTimeoutMs` begins anew with what is consumed, so a body that trickles in chunks has its time here.
    if (performance.now() - this.beganMs > this.timeoutMs) throw new HttpError(408)
    while (input.start < input.end) {
      const { start } = input
      if (this.left === -2) return this.readTrailers(input)
      if (this.left === -1) this.readSize(input)
      else this.readData(input)
      if (input.start === start) return undefined
      input.scanned = 0
    }
    return undefined
  }

  private readSize(input: Input): void {
    const { bytes, start, end } = input
    let lineEnd = start + input.scanned
    while (lineEnd < end && bytes[lineEnd] !== LF) lineEnd++
    if (lineEnd - start > MAX_LINE_BYTES) throw new HttpError(400)
    if (lineEnd === end) {
      input.scanned = end - start
      return
    }
    let at = start
    let size = 0
    for (let digit = hexDigit(bytes[at]); digit >= 0; digit = hexDigit(bytes[++at])) size = size * 16 + digit
    if (at === start || at - start > MAX_SIZE_DIGITS) throw new HttpError(400)
    checkExtensions(bytes, at, lineEnd)
    this.length += size
    if (this.length > this.maxBytes) throw new HttpError(413)
    this.left = size === 0 ? -2 : size
    input.start = lineEnd + 1
  }

  private readData(input: Input): void {
    const { bytes, start, end } = input
    const { left } = this
    if (left > 0) {
      const length = Math.min(left, end - start)
      this.append(bytes, start, start + length)
      this.left -= length
      input.start = start + length
    } else if (end - start >= 2) {
      if (bytes[start] !== CR || bytes[start + 1] !== LF) throw new HttpError(400)
      this.left = -1
      input.start = start + 2
    } else if (bytes[start] !== CR) {
      throw new HttpError(400)
    }
  }

  /** Trailers mean nothing here, but are read like fields: an attacker must not hide a request in them. */
  private readTrailers(input: Input): Buffer | undefined {
    const { reader } = this
    if (!reader.readFields(input.bytes, input.start, input.end, false)) {
      if (input.length > reader.maxHeadBytes) throw new HttpError(431)
      return undefined
    }
    input.start = reader.head.end
    return this.bytes.subarray(0, this.filled)
  }

  private append(source: Buffer, from: number, to: number): void {
    const wanted = this.filled + to - from
    if (wanted > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.bytes.length))
      this.bytes.copy(larger, 0, 0, this.filled)
      this.bytes = larger
    }
    source.copy(this.bytes, this.filled, from, to)
    this.filled = wanted
  }
}

/** Nothing, or `;` and what has no line end in it. */
function checkExtensions(bytes: Buffer, from: number, lineEnd: number): void {
  if (bytes[lineEnd - 1] !== CR) throw new HttpError(400)
  let at = from
  if (at === lineEnd - 1) return
  while (bytes[at] === SP || bytes[at] === TAB) at++
  if (bytes[at] !== SEMICOLON) throw new HttpError(400)
  for (; at < lineEnd - 1; at++) {
    const byte = bytes[at]
    if ((byte < SP && byte !== TAB) || byte === 0x7f) throw new HttpError(400)
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = (byte | 0x20) - 0x61
  return letter >= 0 && letter < 6 ? letter + 10 : -1
}
