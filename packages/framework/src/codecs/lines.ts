/** Lines of text. */
import { checkObject, invalidArgType, invalidArgValue } from '@pollux/core'
import type { Codec } from './codec.js'
import { frameTooLong } from './codec-error.js'
import type { Input } from './input.js'
import { checkMaxLength, TEXT_LENGTH } from './max-length.js'
import type { Output } from './output.js'
import { indexOfByte } from './search.js'

const LF = 0x0a
const CR = 0x0d

/** Encodings in which the byte 0x0a is a line feed, and nothing else is. */
const ENCODINGS = ['utf8', 'latin1'] as const

const ENDINGS = ['\n', '\r\n'] as const

/** Which lines, and how long. */
export interface LinesOptions {
  /** The most bytes of a line that is received, without its ending. 1 to 256 MiB; default 64 KiB. */
  maxLength?: number
  /** Default 'utf8': bytes that are no UTF-8 become U+FFFD. In 'latin1' each byte is a character. */
  encoding?: 'utf8' | 'latin1'
  /** What is sent after each line. Default '\n'. Received lines may end with either. */
  ending?: '\n' | '\r\n'
}

/**
 * Lines of text, without their endings: '\n' or '\r\n'. What the peer sends last needs none. A '\r' elsewhere is text,
 * and an empty line is an empty message.
 *
 * Received: a longer line than `maxLength` fails the connection with ERR_POLLUX_FRAME_TOO_LONG.
 * Sent: a message with a '\n' in it is refused with ERR_INVALID_ARG_VALUE, for it would be two; and so is one with
 * characters that the encoding lacks.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, lines } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: lines({ maxLength: 1000 }),
 *   message(conn, line) {
 *     conn.send(line.toUpperCase())
 *   },
 * })
 * await server.listen({ host: '127.0.0.1', port: 7000 })
 * ```
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  return new Lines(options)
}

class Lines implements Codec<string> {
  readonly maxFrameBytes: number
  private readonly maxLength: number
  private readonly encoding: 'utf8' | 'latin1'
  private readonly crlf: boolean

  constructor(options: LinesOptions) {
    checkObject(options, 'options')
    const { encoding = 'utf8', ending = '\n' } = options
    if (!ENCODINGS.includes(encoding)) {
      throw invalidArgValue(
        'encoding',
        "must be 'utf8' or 'latin1', where no other byte is a '\\n'",
        encoding,
      )
    }
    if (!ENDINGS.includes(ending)) throw invalidArgValue('ending', "must be '\\n' or '\\r\\n'", ending)
    this.maxLength = checkMaxLength(options.maxLength, TEXT_LENGTH)
    // A '\r' may wait for its '\n'.
    this.maxFrameBytes = this.maxLength + 1
    this.encoding = encoding
    this.crlf = ending === '\r\n'
  }

  decode(input: Input): string | undefined {
    const { bytes, start, end } = input
    const at = indexOfByte(bytes, LF, start + input.scanned, end)
    if (at >= 0) {
      input.start = at + 1
      return this.line(input, start, at)
    }
    if (textEnd(bytes, start, end) - start > this.maxLength) throw this.tooLong()
    input.scanned = end - start
    return undefined
  }

  end(input: Input): string | undefined {
    const { start, end } = input
    if (start === end) return undefined
    input.start = end
    return this.line(input, start, end)
  }

  encode(line: string, output: Output): void {
    if (typeof line !== 'string') throw invalidArgType('message', 'of type string', line)
    if (line.includes('\n')) {
      throw invalidArgValue('message', "must not hold a '\\n': it would be two lines", line)
    }
    // Cut down to one byte, U+010A would be a line break.
    if (this.encoding === 'latin1' && /[^\0-\xff]/.test(line)) {
      throw invalidArgValue('message', 'must hold characters of latin1 alone', line)
    }
    output.text(line, this.encoding)
    // Behind a '\r' that is text, a '\n' alone would make it part of the ending.
    if (this.crlf || line.endsWith('\r')) output.byte(CR)
    output.byte(LF)
  }

  private line(input: Input, start: number, end: number): string {
    const to = textEnd(input.bytes, start, end)
    if (to - start > this.maxLength) throw this.tooLong()
    return input.text(start, to, this.encoding)
  }

  private tooLong(): Error {
    return frameTooLong(this.maxLength, 'a line')
  }
}

/** Where the text ends before a line feed at `end`. */
function textEnd(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === CR ? end - 1 : end
}
