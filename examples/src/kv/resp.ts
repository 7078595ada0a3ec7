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
  /** What `line` read. */
  private value = 0

  constructor(options: RespOptions) {
    this.maxBulkBytes = options.maxBulkBytes ?? Math.min(2 ** 29, constants.MAX_STRING_LENGTH)
    this.maxArguments = options.maxArguments ?? 2 ** 20
    this.maxInlineBytes = options.maxInlineBytes ?? 64 * 1024
    this.maxFrameBytes = options.maxFrameBytes ?? 2 ** 30
    this.encode = options.version === 3 ? encodeResp3 : encodeResp2
  }

  decode(input: Input): Request | undefined {
    while (input.start < input.end) {
      if (this.partial !== null) return this.decodeArguments(input, this.partial, input.start + input.scanned)
      if (input.bytes[input.start] === STAR) {
        const at = this.line(input, input.start + 1, 'invalid multibulk length')
        if (at < 0) return undefined
        this.expected = this.value
        if (this.expected > this.maxArguments) throw protocolError('invalid multibulk length')
        if (this.expected > 0) {
          spare.clear()
          return this.decodeArguments(input, spare, at)
        }
        // An array of nothing is no command, and is not answered.
        input.start = at
        input.scanned = 0
      } else {
        const request = this.decodeInline(input)
        if (request === undefined || request.count > 0) return request
      }
    }
    return undefined
  }

  /** Adds what is there from `at` on to the request, and gives it when it is complete. */
  private decodeArguments(input: Input, request: Request, from: number): Request | undefined {
    const { start, end, bytes } = input
    const { expected } = this
    let at = from
    while (request.count < expected) {
      if (at === end) return this.wait(input, request, at)
      if (bytes[at] !== DOLLAR) throw protocolError(`expected '$', got '${String.fromCharCode(bytes[at])}'`)
      const textFrom = this.line(input, at + 1, 'invalid bulk length')
      if (textFrom < 0) return this.wait(input, request, at)
      if (this.value < 0 || this.value > this.maxBulkBytes) throw protocolError('invalid bulk length')
      const textTo = textFrom + this.value
      if (textTo + 2 > end) {
        input.needed = textTo + 2 - start
        return this.wait(input, request, at)
      }
      if (bytes[textTo] !== CR || bytes[textTo + 1] !== LF)
        throw protocolError('expected CRLF after a bulk string')
      request.add(textFrom - start, textTo - start)
      at = textTo + 2
    }
    if (this.partial !== null) this.partial = null
    input.start = at
    if (input.borrow) request.place(bytes, start)
    else request.place(input.take(start, at), 0)
    return request
  }

  /** Keeps what is known of an incomplete command: its bytes before `at` are not looked at again. */
  private wait(input: Input, request: Request, at: number): undefined {
    input.scanned = at - input.start
    this.partial = request
    if (request === spare) spare = new Request()
  }

  /**
   * Reads a number, which becomes `value`, and the CRLF behind it.
   *
   * @returns where the next byte is; -1 while not all of it is there
   */
  private line(input: Input, from: number, problem: string): number {
    const { bytes, end } = input
    // Most numbers have one digit.
    if (from + 2 < end && bytes[from + 1] === CR && bytes[from + 2] === LF) {
      const digit = bytes[from] - ZERO
      if (digit >= 0 && digit <= 9) {
        this.value = digit
        return from + 3
      }
    }
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
    // More digits than any length has; 2^53 is far away still.
    if (at - first > 10) throw protocolError(problem)
    if (at === end) return -1
    if (at === first || bytes[at] !== CR) throw protocolError(problem)
    if (at + 1 === end) return -1
    if (bytes[at + 1] !== LF) throw protocolError(problem)
    this.value = negative ? -value : value
    return at + 2
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
    const text = input.text(
      start,
      lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd,
      'latin1',
    )
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
