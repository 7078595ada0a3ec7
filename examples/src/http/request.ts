/** What handlers get. */
import type { SlicingBuffer } from './text-cache.js'

/** Names of fields in lower case; a field that came several times has its values joined with ', '. */
export type Headers = Record<string, string>

const SCHEME = /^https?:\/\/[^/?#]*/i

/**
 * A request. Its fields stand in memory that is lent to the server: they are there until the handler returns, and as long
 * as the answer takes if that is a promise or streamed.
 */
export class Request {
  /** What stands between colons in the route: `/users/:id`. */
  parameters: Record<string, string> = NONE
  /** All of it, to keep; empty without one. */
  body: Buffer = NOTHING
  private parsed: Headers | null = null
  private fields: string | null = null

  constructor(
    /** As it came: names of methods are case-sensitive. */
    readonly method: string,
    /** Path and query, as they came. */
    readonly target: string,
    /** HTTP/1.0 or 1.1. */
    readonly minorVersion: number,
    /** Whether the connection stays after the answer. */
    readonly keepAlive: boolean,
    /** What the fields stand in, checked already, with the empty line behind them; null: no longer. */
    private bytes: Buffer | null,
    private readonly fieldsStart: number,
    private readonly fieldsEnd: number,
  ) {}

  /** The path, without the query. */
  get path(): string {
    const end = this.target.indexOf('?')
    return end < 0 ? this.target : this.target.slice(0, end)
  }

  get query(): URLSearchParams {
    const start = this.target.indexOf('?')
    return new URLSearchParams(start < 0 ? '' : this.target.slice(start + 1))
  }

  /** @throws Error where nobody has asked, nor said `keep`, before the handler has returned */
  get headers(): Headers {
    this.parsed ??= parseFields(this.keep())
    return this.parsed
  }

  /** The fields as they came, which are there to stay from now on. */
  keep(): string {
    if (this.fields === null) {
      if (this.bytes === null)
        throw new Error('the headers are gone: ask for them before the handler returns')
      this.fields = (this.bytes as SlicingBuffer).latin1Slice(this.fieldsStart, this.fieldsEnd)
    }
    return this.fields
  }

  /** The server: from here on, other bytes stand where the fields stood. */
  release(): void {
    this.bytes = null
  }
}

const NONE: Record<string, string> = Object.freeze(Object.create(null))
const NOTHING = Buffer.alloc(0)

/** The target of a request to a proxy names the server again: the path is what counts here. */
export function originForm(target: string): string {
  const path = target.replace(SCHEME, '')
  return path === '' || path.startsWith('?') ? `/${path}` : path
}

/** Without spaces and tabs at both ends. By hand: an expression for it looks again and again at spaces in the middle. */
export function withoutSpaces(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function parseFields(text: string): Headers {
  const headers: Headers = Object.create(null)
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = withoutSpaces(line.slice(colon + 1))
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return headers
}
