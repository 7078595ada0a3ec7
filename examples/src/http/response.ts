/** What handlers answer. */
import { STATUS_CODES } from 'node:http'
import { dateField } from './date.js'

/** Bytes that are sent as they become ready, in chunks, to a client that is waited for. */
export type Streamed = AsyncIterable<string | Uint8Array>

/** Up to here a body is sent together with the head, in one piece. */
const SMALL_BYTES = 4096

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Fields that say where an answer ends: the server's own. */
const FRAMING = /^(content-length|transfer-encoding|connection)$/i

/**
 * A status, fields and a body. One object may answer any number of requests: what is sent is prepared once a second,
 * when the date changes.
 */
export class Response {
  /** null: it is streamed. */
  readonly body: Buffer | null
  readonly streamed: Streamed | null
  private readonly fields: string
  private ready: Buffer = NOTHING
  private readyDate = ''

  /** @throws TypeError for a field that would end its line or is the server's own, and for a body that the status forbids */
  constructor(
    readonly status: number,
    headers: Record<string, string> = {},
    body: string | Uint8Array | Streamed = '',
  ) {
    let fields = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (const [name, value] of Object.entries(headers)) {
      if (!NAME.test(name) || !VALUE.test(value))
        throw new TypeError(`header '${name}' has bytes that no field may have`)
      if (FRAMING.test(name)) throw new TypeError(`header '${name}' is set by the server`)
      fields += `${name}: ${value}\r\n`
    }
    // The client would take it for the next answer.
    if ((status === 204 || status === 304) && body !== '')
      throw new TypeError(`an answer of status ${status} has no body`)
    this.fields = fields
    this.streamed = typeof body === 'string' || body instanceof Uint8Array ? null : body
    this.body = this.streamed === null ? Buffer.from(body as string | Uint8Array as string) : null
  }

  /** All of it, for a connection that stays, unless the body is large or streamed. */
  whole(): Buffer | null {
    const date = dateField()
    if (this.readyDate !== date) {
      const { body } = this
      if (body === null || body.length > SMALL_BYTES) return null
      this.ready = Buffer.concat([Buffer.from(this.head(''), 'latin1'), body])
      this.readyDate = date
    }
    return this.ready
  }

  /** The head up to the empty line. @param more fields, each with its CRLF */
  head(more: string): string {
    return `${this.fields}${this.framing()}${more}${dateField()}\r\n`
  }

  private framing(): string {
    if (this.body === null) return ''
    // 204 and 304 have no body, and their length would be that of another answer.
    return this.status === 204 || this.status === 304 ? '' : `content-length: ${this.body.length}\r\n`
  }
}

const NOTHING = Buffer.alloc(0)

/** A text as an answer. */
export function text(body: string, status = 200): Response {
  return new Response(status, { 'content-type': 'text/plain; charset=utf-8' }, body)
}

/** A value as JSON. */
export function json(value: unknown, status = 200): Response {
  return new Response(status, { 'content-type': 'application/json' }, JSON.stringify(value))
}
