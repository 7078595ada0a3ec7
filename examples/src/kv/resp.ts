/**
 * The Redis serialization protocol, both versions.
 *
 * ```
 *   *2 CRLF $3 CRLF GET CRLF $1 CRLF x CRLF     a command: an array of bulk strings
 *   GET x CRLF                                  the same, inline, as people type it
 * ```
 *
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import { constants } from 'node:buffer'
import { type Codec, CodecError, ErrorCode, type Input } from '@pollux/framework'
import { splitArguments } from './inline.js'
import { encodeResp2, encodeResp3, type Reply } from './reply.js'
import { Request } from './request.js'

export interface RespOptions {
  /** Which replies the client understands: 2 (the default) or 3. */
  version?: 2 | 3
  /** The most bytes of one argument. Default: 512 MiB as Redis, less the 24 bytes that a string of V8 is shorter. */
  maxBulkBytes?: number
  /** The most arguments of one command. Default: 1,048,576. */
  maxArguments?: number
  /** The most bytes of an inline command, or of a number's line. Default: 64 KiB. */
  maxInlineBytes?: number
  /** The most bytes of one command. Default: 1 GiB. */
  maxFrameBytes?: number
}

export type RespCodec = Codec<Request, Reply>

const STAR = 0x2a
const DOLLAR = 0x24
const CR = 0x0d
const LF = 0x0a
const ZERO = 0x30
const MINUS = 0x2d

/** The request that the next decoder fills: one for all connections, for a handler is done before the next decode. */
let spare = new Request()

/** A codec, to be made for each connection: it knows the arguments of a command that is not complete. */
export function resp(options: RespOptions = {}): () => RespCodec {
  return () => new RespDecoder(options)
}

class RespDecoder implements RespCodec {
  readonly maxFrameBytes: number
  readonly encode: RespCodec['encode']
  private readonly maxBulkBytes: number
  private readonly maxArguments: number
  private readonly maxInlineBytes: number
  /** A command that is not complete: what is known of it, and how many arguments it will have. */
  private partial: Request | null = null
  private expected = 0
  /** What `line` found: the number, and where the next byte is. */
  private value = 0
  private next = 0

  constructor(options: RespOptions) {
    this.maxBulkBytes = options.maxBulkBytes ?? Math.min(2 ** 29, constants.MAX_STRING_LENGTH)
    this.maxArguments = options.maxArguments ?? 2 ** 20
    this.maxInlineBytes = options.maxInlineBytes ?? 64 * 1024
    this.maxFrameBytes = options.maxFrameBytes ?? 2 ** 30
    this.encode = options.version === 3 ? encodeResp3 : encodeResp2
  }

  decode(input: Input): Request | undefined {
    while (input.start < input.end) {
      if (this.partial === null && input.bytes[input.start] !== STAR) {
        const request = this.decodeInline(input)
        if (request === undefined || request.count > 0) return request
      } else if (this.decodeArray(input)) {
        // An array of nothing is no command, and is not answered.
        if (this.expected > 0) return this.finish(input)
      } else {
        return undefined
      }
    }
    return undefined
  }

  /** Whether all of the arguments are there; `next` is behind them then. */
  private decodeArray(input: Input): boolean {
    const { start, end, bytes } = input
    let request = this.partial
    let at = start + input.scanned
    if (request === null) {
      if (!this.line(input, start + 1, 'invalid multibulk length')) return this.wait(input, null, start)
      if (this.value > this.maxArguments) throw protocolError('invalid multibulk length')
      this.expected = this.value
      at = this.next
      if (this.expected <= 0) {
        input.start = at
        input.scanned = 0
        return true
      }
      request = spare
      request.clear()
    }
    while (request.count < this.expected) {
      if (at === end) return this.wait(input, request, at)
      if (bytes[at] !== DOLLAR) throw protocolError(`expected '$', got '${String.fromCharCode(bytes[at])}'`)
      if (!this.line(input, at + 1, 'invalid bulk length')) return this.wait(input, request, at)
      const length = this.value
      if (length < 0 || length > this.maxBulkBytes) throw protocolError('invalid bulk length')
      const from = this.next
      const to = from + length
      if (to + 2 > end) {
        this.wait(input, request, at)
        input.needed = to + 2 - start
        return false
      }
      if (bytes[to] !== CR || bytes[to + 1] !== LF) throw protocolError('expected CRLF after a bulk string')
      request.add(from - start, to - start)
      at = to + 2
    }
    this.partial = request
    this.next = at
    return true
  }

  /** Keeps what is known of an incomplete command: its bytes before `at` are not looked at again. */
  private wait(input: Input, request: Request | null, at: number): false {
    input.scanned = at - input.start
    if (request !== null && request === spare) spare = new Request()
    this.partial = request
    return false
  }

  private finish(input: Input): Request {
    const request = this.partial as Request
    const { start } = input
    this.partial = null
    input.start = this.next
    if (input.borrow) request.place(input.bytes, start)
    else request.place(input.take(start, this.next), 0)
    return request
  }

  /**
   * Reads a number and the CRLF behind it into `value` and `next`.
   *
   * @returns whether all of it is there
   */
  private line(input: Input, from: number, problem: string): boolean {
    const { bytes, end } = input
    let at = from
    let value = 0
    const negative = at < end && bytes[at] === MINUS
    if (negative) at++
    const first = at
    while (at < end) {
      const digit = bytes[at] - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      at++
    }
    // More digits than any length has: 2^53 is far away still.
    if (at - first > 10) throw protocolError(problem)
    if (at === end) return false
    if (at === first || bytes[at] !== CR) throw protocolError(problem)
    if (at + 1 === end) return false
    if (bytes[at + 1] !== LF) throw protocolError(problem)
    this.value = negative ? -value : value
    this.next = at + 2
    return true
  }

  private decodeInline(input: Input): Request | undefined {
    const { start, end, bytes } = input
    let lineEnd = start + input.scanned
    while (lineEnd < end && bytes[lineEnd] !== LF) lineEnd++
    if (lineEnd - start > this.maxInlineBytes) throw protocolError('too big inline request')
    if (lineEnd === end) {
      input.scanned = end - start
      return undefined
    }
    const text = input.text(start, lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd, 'latin1')
    const words = splitArguments(text)
    if (words === undefined) throw protocolError('unbalanced quotes in request')
    input.start = lineEnd + 1
    input.scanned = 0
    const request = new Request()
    let at = 0
    for (const word of words) {
      request.add(at, at + word.length)
      at += word.length
    }
    request.place(Buffer.from(words.join(''), 'latin1'), 0)
    return request
  }
}

/** Worded as Redis does: the server sends the message to the client before it closes. */
function protocolError(why: string): CodecError {
  return new CodecError(`Protocol error: ${why}`, { code: ErrorCode.MALFORMED_FRAME })
}
