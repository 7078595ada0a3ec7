/** HTTP/1.1 (RFC 9112): from bytes to requests. */
import type { Codec, Input, Output } from '@pollux/framework'
import { ChunkedBody } from './body.js'
import { type HeadLimits, HeadReader } from './head.js'
import { HttpError } from './http-error.js'
import { originForm, Request } from './request.js'
import { TextCache } from './text-cache.js'

export interface HttpLimits extends HeadLimits {
  /** The most bytes of a request's body; more are answered 413. Default 1 MiB. */
  maxBodyBytes?: number
  /** How long a body in chunks may take; longer is answered 408. Default 30,000 ms. */
  bodyTimeoutMs?: number
}

/** The client waits for `100 Continue` before it sends the body. */
export const CONTINUE = Symbol('100-continue')

/** A request; the wish to go on with one; or what the client did wrong, after which nothing more is read. */
export type Incoming = Request | typeof CONTINUE | HttpError

/** What is sent is bytes already. */
export type HttpCodec = Codec<Incoming, string | Uint8Array>

const CR = 0x0d
const LF = 0x0a
const SLASH = 0x2f

const METHODS = new TextCache()
const TARGETS = new TextCache()

/** A codec, to be made for each connection: it knows the request whose body is not complete. */
export function http(limits: HttpLimits = {}): () => HttpCodec {
  const reader = new HeadReader(limits)
  const { maxBodyBytes = 1024 * 1024, bodyTimeoutMs = 30_000 } = limits
  return () => new HttpDecoder(reader, maxBodyBytes, bodyTimeoutMs)
}

class HttpDecoder implements HttpCodec {
  readonly maxFrameBytes: number
  /** The request whose body is awaited, and its length, if that is known. */
  private request: Request | null = null
  private contentLength = 0
  private chunked: ChunkedBody | null = null
  /** What comes now is nobody's: the answer to what came before was the last. */
  private isOver = false

  constructor(
    private readonly reader: HeadReader,
    private readonly maxBodyBytes: number,
    private readonly bodyTimeoutMs: number,
  ) {
    this.maxFrameBytes = Math.max(2 * reader.maxHeadBytes, maxBodyBytes) + 64 * 1024
  }

  decode(input: Input): Incoming | undefined {
    if (!this.isOver) {
      try {
        return this.request === null ? this.decodeHead(input) : this.decodeBody(input, this.request)
      } catch (error) {
        if (!(error instanceof HttpError)) throw error
        this.giveUp(input)
        return error
      }
    }
    this.giveUp(input)
    return undefined
  }

  encode(bytes: string | Uint8Array, output: Output): void {
    if (typeof bytes === 'string') output.text(bytes, 'latin1')
    else output.bytes(bytes)
  }

  private decodeHead(input: Input): Incoming | undefined {
    const { bytes, end } = input
    // Empty lines before a request are what old clients send after a body.
    while (end - input.start >= 2 && bytes[input.start] === CR && bytes[input.start + 1] === LF)
      input.start += 2
    const { start } = input
    if (end === start || (end - start === 1 && bytes[start] === CR)) return undefined
    // A head that was incomplete is read again only when its end is there, and not with each of its bytes.
    if (input.scanned > 0 && !this.findEnd(input)) return undefined
    if (!this.reader.read(bytes, start, end)) {
      this.findEnd(input)
      return undefined
    }
    const { head } = this.reader
    const request = makeRequest(bytes, this.reader)
    input.start = head.end
    input.scanned = 0
    if (!head.keepAlive && !head.chunked && head.contentLength <= 0) this.isOver = true
    if (head.contentLength <= 0 && !head.chunked) return request
    if (head.contentLength > this.maxBodyBytes) throw new HttpError(413)
    // The body may come in other memory.
    request.keep()
    this.request = request
    this.contentLength = head.contentLength
    this.chunked = head.chunked ? new ChunkedBody(this.reader, this.maxBodyBytes, this.bodyTimeoutMs) : null
    return head.expectsContinue && input.start === end ? CONTINUE : this.decodeBody(input, request)
  }

  private decodeBody(input: Input, request: Request): Request | undefined {
    const { chunked, contentLength } = this
    if (chunked !== null) {
      const body = chunked.read(input)
      if (body === undefined) return undefined
      request.body = body
    } else {
      if (input.length < contentLength) {
        input.needed = contentLength
        return undefined
      }
      // Handlers may keep a body, so it is copied, though the connection borrows.
      const { bytes, start } = input
      request.body = Buffer.allocUnsafe(contentLength)
      bytes.copy(request.body, 0, start, start + contentLength)
      input.start += contentLength
    }
    this.request = null
    this.chunked = null
    this.isOver = !request.keepAlive
    return request
  }

  /** Whether an empty line is there; remembers how far it has looked. */
  private findEnd(input: Input): boolean {
    const { bytes, start, end } = input
    if (end - start > this.reader.maxHeadBytes) return true
    for (let at = start + Math.max(3, input.scanned); at < end; at++) {
      if (bytes[at] === LF && bytes[at - 2] === LF && bytes[at - 1] === CR && bytes[at - 3] === CR)
        return true
    }
    input.scanned = end - start
    return false
  }

  private giveUp(input: Input): void {
    this.isOver = true
    this.request = null
    this.chunked = null
    input.start = input.end
    input.scanned = 0
  }
}

function makeRequest(bytes: Buffer, { head }: HeadReader): Request {
  const target = TARGETS.latin1(bytes, head.targetStart, head.targetEnd)
  return new Request(
    METHODS.latin1(bytes, head.start, head.methodEnd),
    bytes[head.targetStart] === SLASH || target === '*' ? target : originForm(target),
    head.minorVersion,
    head.keepAlive,
    bytes,
    head.fieldsStart,
    head.end,
  )
}
