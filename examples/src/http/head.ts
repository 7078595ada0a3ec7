/**
 * The head of a request, read as strictly as RFC 9112 lets a server: whatever two readers could understand in two ways
 * is refused, because a proxy in front may be the other one (request smuggling).
 */
import { HttpError } from './http-error.js'
import { withoutSpaces } from './request.js'

/** What a head says, as places in the bytes, and what follows from its fields. One is enough: it is read at once. */
export class Head {
  /** Where the request line begins, the method ends, the target begins and ends, and the fields begin. */
  start = 0
  methodEnd = 0
  targetStart = 0
  targetEnd = 0
  fieldsStart = 0
  /** One past the empty line. */
  end = 0
  minorVersion = 1
  /** -1 without Content-Length. */
  contentLength = -1
  chunked = false
  keepAlive = true
  expectsContinue = false
  hosts = 0
  /** The value of Transfer-Encoding, of all such fields. */
  transferEncoding = ''
}

export interface HeadLimits {
  /** The most bytes of the request target; more are answered 414. Default 8 KiB. */
  maxTargetBytes?: number
  /** The most bytes of the head; more are answered 431. Default 16 KiB. */
  maxHeadBytes?: number
  /** The most fields; more are answered 431. Default 100. */
  maxFields?: number
}

const SP = 0x20
const TAB = 0x09
const CR = 0x0d
const LF = 0x0a
const COLON = 0x3a
const LOWER_CASE = 0x20

// What a byte may be part of: tokens (methods, names of fields), targets, values of fields, and Host.
const TOKEN = 1
const TARGET = 2
const VALUE = 4
const HOST = 8
const KINDS = new Uint8Array(256)
for (let byte = 0x21; byte <= 0xff; byte++) {
  if (byte === 0x7f) continue
  KINDS[byte] |= VALUE
  if (byte > 0x7e) continue
  KINDS[byte] |= TARGET
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte))) KINDS[byte] |= TOKEN
  if (/[\w.~!$&'()*+,;=%:[\]-]/.test(String.fromCharCode(byte))) KINDS[byte] |= HOST
}
KINDS[SP] |= VALUE
KINDS[TAB] |= VALUE

const VERSION = Buffer.from('HTTP/1.')

const MAX_METHOD_BYTES = 32

/** No body is longer than a number says exactly. */
const MAX_LENGTH_DIGITS = 15

export class HeadReader {
  readonly head = new Head()
  readonly maxHeadBytes: number
  private readonly maxTargetBytes: number
  private readonly maxFields: number

  constructor(limits: HeadLimits) {
    this.maxTargetBytes = limits.maxTargetBytes ?? 8 * 1024
    this.maxHeadBytes = limits.maxHeadBytes ?? 16 * 1024
    this.maxFields = limits.maxFields ?? 100
  }

  /**
   * Reads a head into `head`.
   *
   * @returns whether all of it is there
   * @throws HttpError with the status that the client is to be told
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    const { head } = this
    head.contentLength = -1
    head.chunked = false
    head.expectsContinue = false
    head.hosts = 0
    if (head.transferEncoding !== '') head.transferEncoding = ''
    if (!this.readRequestLine(bytes, start, end) || !this.readFields(bytes, head.fieldsStart, end, true)) {
      if (end - start > this.maxHeadBytes) throw new HttpError(431)
      return false
    }
    if (head.end - start > this.maxHeadBytes) throw new HttpError(431)
    this.check()
    return true
  }

  /**
   * Reads fields up to the empty line: those of a head, or the trailers of a chunked body.
   *
   * @param isHead whether they mean anything: a trailer may not change how its request is framed or routed
   */
  readFields(bytes: Buffer, start: number, end: number, isHead: boolean): boolean {
    let at = start
    for (let count = 0; ; count++) {
      if (at + 1 >= end) return false
      if (bytes[at] === CR) {
        if (bytes[at + 1] !== LF) throw new HttpError(400)
        this.head.end = at + 2
        return true
      }
      if (count === this.maxFields) throw new HttpError(431)
      const nameStart = at
      while (at < end && (KINDS[bytes[at]] & TOKEN) !== 0) at++
      if (at === end) return false
      const nameEnd = at
      // A space before the colon, or at the beginning (the line would continue the one before), ends up here, too.
      if (nameEnd === nameStart || bytes[at] !== COLON) throw new HttpError(400)
      at++
      while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++
      const valueStart = at
      while (at < end && (KINDS[bytes[at]] & VALUE) !== 0) at++
      if (at + 1 >= end) return false
      if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new HttpError(400)
      let valueEnd = at
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === TAB)) valueEnd--
      if (isHead) this.field(bytes, nameStart, nameEnd - nameStart, valueStart, valueEnd)
      at += 2
    }
  }

  private readRequestLine(bytes: Buffer, start: number, end: number): boolean {
    const { head } = this
    let at = start
    head.start = start
    while (at < end && (KINDS[bytes[at]] & TOKEN) !== 0) at++
    if (at - start > MAX_METHOD_BYTES) throw new HttpError(501)
    if (at === end) return false
    if (at === start || bytes[at] !== SP) throw new HttpError(400)
    head.methodEnd = at
    head.targetStart = ++at
    while (at < end && (KINDS[bytes[at]] & TARGET) !== 0) at++
    if (at - head.targetStart > this.maxTargetBytes) throw new HttpError(414)
    if (at === end) return false
    if (at === head.targetStart || bytes[at] !== SP) throw new HttpError(400)
    head.targetEnd = at
    at++
    if (at + VERSION.length + 3 > end) return false
    for (let i = 0; i < VERSION.length; i++) if (bytes[at + i] !== VERSION[i]) throw versionError(bytes, at)
    at += VERSION.length
    head.minorVersion = bytes[at] - 0x30
    if (head.minorVersion !== 0 && head.minorVersion !== 1) throw versionError(bytes, at - VERSION.length)
    if (bytes[at + 1] !== CR || bytes[at + 2] !== LF) throw new HttpError(400)
    head.keepAlive = head.minorVersion === 1
    head.fieldsStart = at + 3
    return true
  }

  /** What a field means to the server itself; the others are the handlers'. Told apart by length first. */
  private field(bytes: Buffer, name: number, length: number, from: number, to: number): void {
    switch (length) {
      case 4:
        if (isName(bytes, name, 'host')) this.host(bytes, from, to)
        break
      case 6:
        if (isName(bytes, name, 'expect')) this.expect(lowerCase(bytes, from, to))
        break
      case 10:
        if (isName(bytes, name, 'connection')) this.connection(lowerCase(bytes, from, to))
        break
      case 14:
        if (isName(bytes, name, 'content-length')) this.length(bytes, from, to)
        break
      case 17:
        if (isName(bytes, name, 'transfer-encoding')) this.coding(lowerCase(bytes, from, to))
    }
  }

  private host(bytes: Buffer, from: number, to: number): void {
    if (++this.head.hosts > 1) throw new HttpError(400)
    for (let at = from; at < to; at++) if ((KINDS[bytes[at]] & HOST) === 0) throw new HttpError(400)
  }

  private expect(value: string): void {
    if (value !== '100-continue') throw new HttpError(417)
    this.head.expectsContinue = true
  }

  private connection(value: string): void {
    const { head } = this
    const options = listOf(value)
    if (options.includes('close')) head.keepAlive = false
    else if (head.minorVersion === 0 && options.includes('keep-alive')) head.keepAlive = true
  }

  /** Digits only, and only once: '+5', '5, 5' and two fields that agree are all ways to disagree. */
  private length(bytes: Buffer, from: number, to: number): void {
    const { head } = this
    if (head.contentLength >= 0 || from === to) throw new HttpError(400)
    let value = 0
    for (let at = from; at < to; at++) {
      const digit = bytes[at] - 0x30
      if (digit < 0 || digit > 9) throw new HttpError(400)
      value = value * 10 + digit
    }
    if (to - from > MAX_LENGTH_DIGITS) throw new HttpError(413)
    head.contentLength = value
  }

  private coding(value: string): void {
    const { head } = this
    head.transferEncoding += head.transferEncoding === '' && !head.chunked ? value : `, ${value}`
    head.chunked = true
  }

  private check(): void {
    const { head } = this
    if (head.hosts === 0 && head.minorVersion === 1) throw new HttpError(400)
    if (head.chunked) {
      if (head.contentLength >= 0 || head.minorVersion === 0) throw new HttpError(400)
      const codings = listOf(head.transferEncoding)
      if (codings.indexOf('chunked') !== codings.length - 1) throw new HttpError(400)
      if (codings.length > 1) throw new HttpError(501)
    }
    if (head.minorVersion === 0) head.expectsContinue = false
  }
}

/** Another version is not ours to speak; anything else is no version. */
function versionError(bytes: Buffer, at: number): HttpError {
  return new HttpError(/^HTTP\/\d\.\d\r/.test(bytes.toString('latin1', at, at + 9)) ? 505 : 400)
}

/** Whether the letters and dashes at a place are those of a name in lower case. */
function isName(bytes: Buffer, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if ((bytes[at + i] | LOWER_CASE) !== name.charCodeAt(i)) return false
  return true
}

/** The members of a list. `trim` takes more for spaces than HTTP does: `chunked\xa0` is another coding, and not ours. */
function listOf(value: string): string[] {
  return value.split(',').map(withoutSpaces)
}

function lowerCase(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to).toLowerCase()
}
