/** JSON, one value a line. */
import { checkObject, invalidArgType } from '@pollux/core'
import type { Codec } from './codec.js'
import { malformedFrame } from './codec-error.js'
import type { Input } from './input.js'
import { lines } from './lines.js'
import { checkMaxLength, DECLARED_LENGTH } from './max-length.js'
import type { Output } from './output.js'

const SPACE = 0x20
const LF = 0x0a

/** How long a line may be. */
export interface JsonOptions {
  /** The most bytes of a line that is received. 1 to 256 MiB; default 1 MiB. */
  maxLength?: number
}

/**
 * JSON values (RFC 8259), one a line. Lines of nothing but white space are skipped, and the last value needs no line
 * ending. What a value looks like is not checked: `json<Command>()` believes the peer, and a check belongs into
 * `mapCodec`.
 *
 * Received: a longer line than `maxLength` fails the connection with ERR_POLLUX_FRAME_TOO_LONG, and one that is no JSON
 * with ERR_POLLUX_MALFORMED_FRAME.
 * Sent: what `JSON.stringify` throws at, or makes nothing of (undefined, functions, symbols), is refused with a TypeError.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, json } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: json<{ add: number[] }>(),
 *   message(conn, { add }) {
 *     conn.send({ add: [add.reduce((sum, term) => sum + term, 0)] })
 *   },
 * })
 * ```
 */
export function json<In = unknown, Out = In>(options: JsonOptions = {}): Codec<In, Out> {
  return new JsonLines<In, Out>(options)
}

class JsonLines<In, Out> implements Codec<In, Out> {
  readonly maxFrameBytes: number
  private readonly lines: Codec<string>

  constructor(options: JsonOptions) {
    checkObject(options, 'options')
    this.lines = lines({ maxLength: checkMaxLength(options.maxLength, DECLARED_LENGTH) })
    this.maxFrameBytes = this.lines.maxFrameBytes
  }

  decode(input: Input): In | undefined {
    for (;;) {
      const line = this.lines.decode(input)
      if (line === undefined) return undefined
      if (!isBlank(line)) return parse(line)
      input.scanned = 0
    }
  }

  end(input: Input): In | undefined {
    const line = this.lines.end?.(input)
    return line === undefined || isBlank(line) ? undefined : parse(line)
  }

  encode(message: Out, output: Output): void {
    const line: unknown = JSON.stringify(message)
    if (typeof line !== 'string') throw invalidArgType('message', 'a value that JSON has', message)
    output.text(line)
    output.byte(LF)
  }
}

/** Before it is parsed: a flood of empty lines must not become a flood of exceptions. */
function isBlank(line: string): boolean {
  return line === '' || (line.charCodeAt(0) <= SPACE && /^[ \t\r]*$/.test(line))
}

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T
  } catch {
    // Without the parser's own words: they quote the line.
    throw malformedFrame('a line that is not JSON')
  }
}
