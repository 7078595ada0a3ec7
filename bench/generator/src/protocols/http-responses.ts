/**
 * Finds where each response of an HTTP/1.1 server ends (RFC 9112, section 6), and hands out the bodies to who wants to
 * compare them.
 */
import { type Framing, parseHead } from './http-head.js'
import { WrongAnswer } from './wrong-answer.js'

/** What becomes of the responses. One object for each connection. */
export interface ResponseSink {
  /** Whether `body` is called. */
  readonly wantsBody: boolean
  /** Some of a body's bytes, `bytes` from `start` to `end`; a chunked body comes without the sizes of its chunks. */
  body(bytes: Buffer, start: number, end: number): void
  /** A response is complete. */
  response(status: number): void
}

// What the next byte is part of.
const HEAD = 0
const BODY = 1
const CHUNK_SIZE = 2
const CHUNK_EXTENSION = 3
const CHUNK_DATA = 4
const CHUNK_CR = 5
const CHUNK_LF = 6
const TRAILER = 7
const UNTIL_CLOSE = 8

const CR = 0x0d
const LF = 0x0a
const SEMICOLON = 0x3b
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

/** Longer heads are no head. */
const MAX_HEAD_BYTES = 64 * 1024
/** A chunk's size has at most so many hexadecimal digits, so that it stays an exact number. */
const MAX_HEX_DIGITS = 12

/** The reader of one connection. */
export class ResponseReader {
  /** The server said that it closes the connection after this response. */
  closes = false
  /** Of the response that is being read, or was last. */
  status = 0
  private readonly sink: ResponseSink
  private readonly isHead: boolean
  private state = HEAD
  /** Bytes of the body or chunk that have not come. */
  private left = 0
  private digits = 0
  /** Bytes of the trailer's present line. */
  private lineBytes = 0
  /** The beginning of a head whose end has not come. */
  private partial: Buffer = NOTHING
  // Servers send the same head again and again (until the second changes): to see that costs less than to read it.
  private lastHead: Buffer = NOTHING
  private lastFraming: Framing | undefined = undefined

  /** @param method of the requests: a response to HEAD has no body, whatever its head says */
  constructor(sink: ResponseSink, method: string) {
    this.sink = sink
    this.isHead = method === 'HEAD'
  }

  /** Whether everything read so far were whole responses. */
  get between(): boolean {
    return this.state === HEAD && this.partial.length === 0
  }

  /** @throws WrongAnswer where the bytes are no HTTP/1.1 */
  read(bytes: Buffer): void {
    const end = bytes.length
    let at = 0
    while (at < end) {
      switch (this.state) {
        case HEAD:
          at = this.readHead(bytes, at, end)
          break
        case BODY:
        case CHUNK_DATA:
        case UNTIL_CLOSE:
          at = this.readBody(bytes, at, end)
          break
        case CHUNK_SIZE:
          this.readChunkSize(bytes[at++])
          break
        case CHUNK_EXTENSION:
          if (bytes[at++] === LF) this.beginChunk()
          break
        case CHUNK_CR:
          expect(bytes[at++], CR, 'after a chunk')
          this.state = CHUNK_LF
          break
        case CHUNK_LF:
          expect(bytes[at++], LF, 'after a chunk')
          this.expectChunk()
          break
        case TRAILER:
          this.readTrailer(bytes[at++])
          break
      }
    }
  }

  /** The server closed the connection: the end of a body without a length. False where nothing was under way. */
  end(): boolean {
    if (this.state !== UNTIL_CLOSE) return false
    this.finish()
    return true
  }

  private readHead(bytes: Buffer, from: number, end: number): number {
    const last = this.lastHead
    const known = this.lastFraming
    const to = from + last.length
    if (
      known !== undefined &&
      to <= end &&
      this.partial.length === 0 &&
      bytes.compare(last, 0, last.length, from, to) === 0
    ) {
      this.begin(known)
      return to
    }
    return this.readNewHead(bytes, from, end)
  }

  private readNewHead(bytes: Buffer, from: number, end: number): number {
    const before = this.partial.length
    const all =
      before === 0 ? bytes.subarray(from, end) : Buffer.concat([this.partial, bytes.subarray(from, end)])
    const found = all.indexOf(END_OF_HEAD)
    if (found < 0) {
      if (all.length > MAX_HEAD_BYTES) throw new WrongAnswer(`a head of more than ${MAX_HEAD_BYTES} bytes`)
      // A copy: received bytes are valid until this returns.
      this.partial = Buffer.from(all)
      return end
    }
    const length = found + END_OF_HEAD.length
    const framing = parseHead(all.toString('latin1', 0, found))
    this.lastHead = Buffer.from(all.subarray(0, length))
    this.lastFraming = framing
    this.partial = NOTHING
    this.begin(framing)
    return from + length - before
  }

  private begin(framing: Framing): void {
    const { status, body } = framing
    // An interim response: the one that was asked for follows.
    if (status < 200 && status !== 101) return
    this.status = status
    this.closes = framing.closes
    if (this.isHead || status === 204 || status === 304 || status === 101) {
      this.finish()
    } else if (body === 'chunked') {
      this.expectChunk()
    } else if (body === 'until close') {
      this.state = UNTIL_CLOSE
      this.left = Number.POSITIVE_INFINITY
    } else {
      this.left = framing.length
      this.state = BODY
      if (this.left === 0) this.finish()
    }
  }

  private readBody(bytes: Buffer, from: number, end: number): number {
    const until = Math.min(end, from + this.left)
    if (this.sink.wantsBody) this.sink.body(bytes, from, until)
    this.left -= until - from
    if (this.left === 0) {
      if (this.state === BODY) this.finish()
      else this.state = CHUNK_CR
    }
    return until
  }

  private expectChunk(): void {
    this.left = 0
    this.digits = 0
    this.state = CHUNK_SIZE
  }

  private readChunkSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      if (++this.digits > MAX_HEX_DIGITS) throw new WrongAnswer('the size of a chunk has too many digits')
      this.left = this.left * 16 + digit
      return
    }
    if (this.digits === 0) throw new WrongAnswer(`byte ${byte} where the size of a chunk should be`)
    if (byte !== CR && byte !== SEMICOLON && byte !== 0x20 && byte !== 0x09) {
      throw new WrongAnswer(`byte ${byte} in the size of a chunk`)
    }
    this.state = CHUNK_EXTENSION
  }

  private beginChunk(): void {
    this.lineBytes = 0
    this.state = this.left === 0 ? TRAILER : CHUNK_DATA
  }

  /** Lines until an empty one. */
  private readTrailer(byte: number): void {
    if (byte === LF) {
      if (this.lineBytes === 0) this.finish()
      this.lineBytes = 0
    } else if (byte !== CR) {
      if (++this.lineBytes > MAX_HEAD_BYTES) throw new WrongAnswer('a trailer without an end')
    }
  }

  private finish(): void {
    this.state = HEAD
    this.sink.response(this.status)
  }
}

function expect(byte: number, wanted: number, where: string): void {
  if (byte !== wanted) throw new WrongAnswer(`byte ${byte} ${where}, where ${wanted} should be`)
}

/** 0 to 15, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
