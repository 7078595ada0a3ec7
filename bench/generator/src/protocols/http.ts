/** The protocol `http`: HTTP/1.1 requests, one after the other or pipelined. */

import { Random } from '../random.js'
import type { Sizes } from '../sizes.js'
import { UsageError } from '../usage-error.js'
import { ResponseReader, type ResponseSink } from './http-responses.js'
import { KnownBodies } from './known-bodies.js'
import { NumberQueue } from './number-queue.js'
import type { Conversation, OpenConversation, Output, Replied } from './protocol.js'
import { lengthOf, type Part, parseTemplate, Stamps, type Values } from './template.js'
import { WrongAnswer } from './wrong-answer.js'

/** What `http` is told by flags. `{n}` and `{size}` in path, headers and body as in template.ts. */
export interface HttpOptions {
  /** Of the target, for the header `host`: 'localhost:8080'. */
  host: string
  method: string
  path: string
  /** 'Name: value'; one that is here replaces ours. */
  headers: string[]
  body: string | undefined
  /** How many keys `{n}` stands for. */
  keys: number
  sizes: Sizes
  values: Values
  verify: boolean
  seed: number
}

const METHOD = /^[!#$%&'*+.^_`|~\w-]+$/
const HEADER = /^[!#$%&'*+.^_`|~\w-]+:[^\r\n\0]*$/
const PATH = /^[/*][^\s]*$/

/** @throws UsageError that says which flag is wrong */
export function prepareHttp(options: HttpOptions): OpenConversation {
  check(options)
  const request = requestOf(options)
  // One for all connections of a worker: they ask for the same.
  const bodies = options.verify ? new KnownBodies() : undefined
  return (connection, replied) => new HttpConversation(request, options, bodies, connection, replied)
}

function check({ method, path, headers }: HttpOptions): void {
  if (!METHOD.test(method)) throw new UsageError(`--method must be a word such as GET, not '${method}'`)
  if (!PATH.test(path)) throw new UsageError(`--path must begin with / and have no spaces, not '${path}'`)
  for (const header of headers) {
    if (!HEADER.test(header)) throw new UsageError(`--header must be 'Name: value', not '${header}'`)
    const name = nameOf(header)
    if (name === 'content-length' || name === 'transfer-encoding') {
      throw new UsageError(`--header must not be ${name}, which follows from --body`)
    }
  }
}

interface Request {
  stamps: Stamps
  hasKey: boolean
  hasValue: boolean
}

function requestOf({ host, method, path, headers, body, keys, values }: HttpOptions): Request {
  const own = headers.map(nameOf).includes('host') ? [] : [`Host: ${host}`]
  const head = parseTemplate([`${method} ${path} HTTP/1.1`, ...own, ...headers].join('\r\n'))
  const content = parseTemplate(body ?? '')
  const make = (size: number): Part[] => {
    const length = body === undefined ? '' : `Content-Length: ${lengthOf(content, keys, size)}\r\n`
    return [...head, { kind: 'bytes', bytes: Buffer.from(`\r\n${length}\r\n`) }, ...content]
  }
  const parts = [...head, ...content]
  return {
    stamps: new Stamps(make, keys, values),
    hasKey: parts.some((part) => part.kind === 'key'),
    hasValue: parts.some((part) => part.kind === 'value'),
  }
}

function nameOf(header: string): string {
  return header.slice(0, header.indexOf(':')).toLowerCase()
}

class HttpConversation implements Conversation, ResponseSink {
  verifiedBytes = 0
  readonly wantsBody: boolean
  private readonly reader: ResponseReader
  private readonly random: Random
  private inFlight = 0
  // With --verify: the key of each request that is under way.
  private readonly asked = new NumberQueue()
  // Of the body that is being read.
  private compared = 0
  private pieces: Buffer[] = []

  constructor(
    private readonly asking: Request,
    private readonly options: HttpOptions,
    private readonly bodies: KnownBodies | undefined,
    private readonly connection: number,
    private readonly replied: Replied,
  ) {
    this.wantsBody = options.verify
    this.reader = new ResponseReader(this, options.method)
    this.random = new Random(options.seed + connection)
  }

  request(out: Output): number {
    const { asking, options } = this
    const key = asking.hasKey ? this.random.below(options.keys) : 0
    const size = asking.hasValue ? options.sizes.next(this.random) : 0
    const bytes = asking.stamps.of(size).fill(key)
    out.write(bytes)
    this.inFlight++
    if (this.wantsBody) this.asked.push(key)
    return bytes.length
  }

  receive(bytes: Buffer): void {
    this.reader.read(bytes)
  }

  get closes(): boolean {
    return this.reader.closes
  }

  ended(): boolean {
    return this.reader.end()
  }

  // --- called by the reader ---

  body(bytes: Buffer, start: number, end: number): void {
    const { bodies } = this
    if (bodies === undefined || !isFine(this.reader.status)) return
    // What was begun without a body to compare with is compared when it is whole: another connection may have got one.
    const known = this.pieces.length > 0 ? undefined : bodies.of(this.asked.peek())
    if (known === undefined) {
      // A copy: received bytes are valid until this returns.
      if (this.pieces.length > 0 || !bodies.full) this.pieces.push(Buffer.from(bytes.subarray(start, end)))
      return
    }
    const to = this.compared + end - start
    if (to > known.length || known.compare(bytes, start, end, this.compared, to) !== 0) this.refuse()
    this.compared = to
  }

  response(status: number): void {
    if (--this.inFlight < 0) {
      throw new WrongAnswer(`connection ${this.connection} got a response that it did not ask for`)
    }
    const fine = isFine(status)
    if (this.bodies !== undefined) this.finishBody(this.bodies, fine)
    this.replied(fine ? undefined : `HTTP ${status}`)
  }

  private finishBody(bodies: KnownBodies, fine: boolean): void {
    const key = this.asked.shift()
    const { pieces, compared } = this
    this.pieces = []
    this.compared = 0
    if (!fine) return
    const known = bodies.of(key)
    if (pieces.length === 0 && known !== undefined) {
      if (compared !== known.length) this.refuse()
      this.verifiedBytes += compared
    } else if (known === undefined) {
      bodies.remember(key, Buffer.concat(pieces))
    } else {
      const body = Buffer.concat(pieces)
      if (!body.equals(known)) this.refuse()
      this.verifiedBytes += body.length
    }
  }

  private refuse(): never {
    throw new WrongAnswer(
      `the body of a response on connection ${this.connection} is not what the first one was (--verify is for a ` +
        'target that answers always the same)',
    )
  }
}

function isFine(status: number): boolean {
  return status >= 200 && status < 300
}
