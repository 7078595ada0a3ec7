/**
 * Counts the replies of a server that speaks RESP, Redis's protocol in its versions 2 and 3
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/), and tells what they hold to who wants to compare it.
 */
import { WrongAnswer } from './wrong-answer.js'

/** What becomes of the replies. One object for each connection. */
export interface ReplySink {
  /** Whether `line`, `string` and `piece` are called; without, only errors are looked at. */
  readonly wantsContents: boolean
  /** A simple string, a number, a boolean or a null: its type ('+', ':', …) and its text. */
  line(type: string, text: string): void
  /** A string of so many bytes begins; -1: RESP2's null. */
  string(length: number): void
  /** Some of its bytes, `bytes` from `start` to `end`. */
  piece(bytes: Buffer, start: number, end: number): void
  /** A whole reply was read. Where it is an error or holds one, `failure` is the error's first word: '-ERR'. */
  reply(failure: string | undefined): void
}

// What the next byte is part of.
const TYPE = 0
const NUMBER = 1
const NUMBER_LF = 2
const LINE = 3
const LINE_LF = 4
const PAYLOAD = 5
const PAYLOAD_CR = 6
const PAYLOAD_LF = 7

const CR = 0x0d
const LF = 0x0a
const MINUS = 0x2d
const ZERO = 0x30
const code = (type: string) => type.charCodeAt(0)

// Types whose line is a number: a length in bytes, or a count of values.
const BULK = code('$')
const BULK_ERROR = code('!')
const VERBATIM = code('=')
const ARRAY = code('*')
const SET = code('~')
const MAP = code('%')
const ATTRIBUTES = code('|')
const PUSH = code('>')
// Types whose line is all there is.
const ERROR = code('-')
const LINES = new Set(['+', '-', ':', '_', '#', ',', '('].map(code))
const NUMBERS = new Set([BULK, BULK_ERROR, VERBATIM, ARRAY, SET, MAP, ATTRIBUTES, PUSH])

/** More than any length has: Redis allows strings of 512 MiB. */
const MAX_DIGITS = 10
/** What is kept of a line's text. */
const MAX_TEXT = 256

/**
 * The reader of one connection. Nested values need no stack: it is enough to know how many values the reply still
 * lacks, and a value that consists of n others adds as many.
 */
export class ReplyReader {
  /** The present value is the reply itself, not one in it. */
  outermost = false
  private readonly sink: ReplySink
  private state = TYPE
  private type = 0
  private value = 0
  private digits = 0
  private negative = false
  /** Bytes of the string that have not come. */
  private left = 0
  private text = ''
  /** Values that the reply (or push) still lacks; 0 between replies. */
  private lacking = 0
  /** It is a push, which nobody asked for, and no reply. */
  private pushed = false
  private failure: string | undefined = undefined

  constructor(sink: ReplySink) {
    this.sink = sink
  }

  /** Whether everything read so far were whole replies. */
  get between(): boolean {
    return this.state === TYPE && this.lacking === 0
  }

  /** @throws WrongAnswer where the bytes are no RESP */
  read(bytes: Buffer): void {
    const end = bytes.length
    let at = 0
    while (at < end) {
      switch (this.state) {
        case TYPE:
          this.begin(bytes[at++])
          break
        case NUMBER:
          at = this.readNumber(bytes, at, end)
          break
        case NUMBER_LF:
          expect(bytes[at++], LF)
          this.state = TYPE
          this.onNumber()
          break
        case LINE:
          at = this.readLine(bytes, at, end)
          break
        case LINE_LF:
          expect(bytes[at++], LF)
          this.state = TYPE
          this.onLine()
          break
        case PAYLOAD: {
          const until = Math.min(end, at + this.left)
          this.readPayload(bytes, at, until)
          at = until
          break
        }
        case PAYLOAD_CR:
          expect(bytes[at++], CR)
          this.state = PAYLOAD_LF
          break
        case PAYLOAD_LF:
          expect(bytes[at++], LF)
          this.state = TYPE
          if (this.type === BULK_ERROR) this.failure ??= kindOf(this.text)
          this.onValue()
          break
      }
    }
  }

  private begin(type: number): void {
    this.type = type
    this.text = ''
    this.outermost = this.lacking === 0
    if (this.outermost) this.lacking = 1
    if (NUMBERS.has(type)) {
      this.value = 0
      this.digits = 0
      this.negative = false
      this.state = NUMBER
    } else if (LINES.has(type)) {
      this.state = LINE
    } else {
      throw new WrongAnswer(
        `no type of RESP begins with byte ${type} (${JSON.stringify(String.fromCharCode(type))})`,
      )
    }
  }

  private readNumber(bytes: Buffer, from: number, end: number): number {
    let at = from
    while (at < end) {
      const byte = bytes[at++]
      const digit = byte - ZERO
      if (digit >= 0 && digit <= 9) {
        this.value = this.value * 10 + digit
        if (++this.digits > MAX_DIGITS) throw new WrongAnswer('a length of RESP has too many digits')
      } else if (byte === CR && this.digits > 0) {
        this.state = NUMBER_LF
        break
      } else if (byte === MINUS && this.digits === 0 && !this.negative) {
        this.negative = true
      } else {
        throw new WrongAnswer(`a length of RESP has the byte ${byte}; streamed values are not understood`)
      }
    }
    return at
  }

  private readLine(bytes: Buffer, from: number, end: number): number {
    let at = from
    while (at < end && bytes[at] !== CR) at++
    if ((this.type === ERROR || this.sink.wantsContents) && this.text.length < MAX_TEXT) {
      this.text += bytes.toString('latin1', from, Math.min(at, from + MAX_TEXT))
    }
    if (at === end) return at
    this.state = LINE_LF
    return at + 1
  }

  private readPayload(bytes: Buffer, from: number, until: number): void {
    if (this.type === BULK_ERROR) {
      if (this.text.length < MAX_TEXT)
        this.text += bytes.toString('latin1', from, Math.min(until, from + MAX_TEXT))
    } else if (this.sink.wantsContents) {
      this.sink.piece(bytes, from, until)
    }
    this.left -= until - from
    if (this.left === 0) this.state = PAYLOAD_CR
  }

  private onLine(): void {
    if (this.type === ERROR) this.failure ??= kindOf(this.text)
    else if (this.sink.wantsContents) this.sink.line(String.fromCharCode(this.type), this.text)
    this.onValue()
  }

  private onNumber(): void {
    const { type } = this
    const isString = type === BULK || type === BULK_ERROR || type === VERBATIM
    // RESP2's null is a string or an array of length -1.
    if (this.negative) {
      if (this.value !== 1 || (type !== BULK && type !== ARRAY))
        throw new WrongAnswer(`a length of -${this.value}`)
      if (this.sink.wantsContents) this.sink.string(-1)
      this.onValue()
    } else if (isString) {
      this.left = this.value
      this.state = this.left === 0 ? PAYLOAD_CR : PAYLOAD
      if (this.sink.wantsContents && type !== BULK_ERROR) this.sink.string(this.left)
    } else if (type === ATTRIBUTES) {
      // Remarks about the value that follows, and no value of their own.
      this.lacking += 2 * this.value
    } else if (type === PUSH && this.outermost) {
      this.pushed = true
      this.lacking = this.value
      if (this.lacking === 0) this.onWhole()
    } else {
      this.lacking += type === MAP ? 2 * this.value : this.value
      this.onValue()
    }
  }

  private onValue(): void {
    if (--this.lacking === 0) this.onWhole()
  }

  private onWhole(): void {
    const { failure, pushed } = this
    this.pushed = false
    this.failure = undefined
    if (!pushed) this.sink.reply(failure)
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw new WrongAnswer(`byte ${byte} where RESP has ${wanted === CR ? '\\r' : '\\n'}`)
}

/** '-WRONGTYPE' of '-WRONGTYPE Operation against …'. */
function kindOf(text: string): string {
  return `-${/^\S*/.exec(text)?.[0] ?? ''}`
}
