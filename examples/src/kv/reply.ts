/** What commands answer, and its bytes in both versions of the protocol. */
import type { Output } from '@pollux/framework'

/**
 * - a string is a bulk string, one byte for each character (latin1)
 * - a number or bigint is an integer
 * - null: there is no such thing
 * - an array, a `Map` and a `Set` are themselves; version 2 knows neither of the latter and gets arrays
 * - the classes below are what their names say
 */
export type Reply =
  | string
  | number
  | bigint
  | null
  | ReadyReply
  | ReplyError
  | Push
  | Verbatim
  | readonly Reply[]
  | ReadonlyMap<string, Reply>
  | UniqueStrings

/** What a `Set` of strings can do, of what is needed here. */
interface UniqueStrings extends Iterable<string> {
  readonly size: number
}

/** A reply whose bytes are always the same. */
export class ReadyReply {
  readonly resp2: Buffer
  readonly resp3: Buffer

  constructor(resp2: string, resp3 = resp2) {
    this.resp2 = Buffer.from(resp2, 'latin1')
    this.resp3 = Buffer.from(resp3, 'latin1')
  }

  static status(text: string): ReadyReply {
    return new ReadyReply(`+${text}\r\n`)
  }
}

export const OK = ReadyReply.status('OK')
export const NULL_ARRAY = new ReadyReply('*-1\r\n', '_\r\n')
/** What commands give that have sent their replies themselves: it is not sent. */
export const NOTHING = new ReadyReply('')

/** An error of the client's, which is told to it and nobody else. Thrown or answered. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

/** Something that the client has not asked for: a published message. */
export class Push {
  constructor(readonly items: readonly Reply[]) {}
}

/** A text for people. */
export class Verbatim {
  constructor(readonly text: string) {}
}

const CR = 0x0d
const LF = 0x0a
const ZERO = 0x30
const DOLLAR = 0x24
const COLON = 0x3a

/** Up to here a loop over a string is faster than the call that encodes it. */
const SHORT_TEXT = 24

/** A type byte, the digits of a number, CRLF. */
const MAX_HEAD_BYTES = 24

type WritingBuffer = Buffer & { latin1Write(text: string, at: number, most: number): number }

export function encodeResp2(reply: Reply, output: Output): void {
  encode(reply, output, false)
}

export function encodeResp3(reply: Reply, output: Output): void {
  encode(reply, output, true)
}

function encode(reply: Reply, output: Output, resp3: boolean): void {
  if (typeof reply === 'string') bulk(output, DOLLAR, reply)
  else if (typeof reply === 'number') head(output, COLON, reply)
  else if (reply === null) output.text(resp3 ? '_\r\n' : '$-1\r\n')
  else if (reply instanceof ReadyReply) output.bytes(resp3 ? reply.resp3 : reply.resp2)
  else if (typeof reply === 'bigint') output.text(`:${reply}\r\n`)
  else encodeComposite(reply, output, resp3)
}

type Composite = Exclude<Reply, string | number | bigint | null | ReadyReply>

function encodeComposite(reply: Composite, output: Output, resp3: boolean): void {
  if (reply instanceof ReplyError) {
    output.text(`-${reply.message.replace(/[\r\n]/g, ' ')}\r\n`, 'latin1')
  } else if (reply instanceof Push) {
    encodeItems(resp3 ? '>' : '*', reply.items.length, reply.items, output, resp3)
  } else if (reply instanceof Verbatim) {
    if (resp3) bulk(output, '='.charCodeAt(0), `txt:${reply.text}`)
    else bulk(output, DOLLAR, reply.text)
  } else if (reply instanceof Map) {
    head(output, (resp3 ? '%' : '*').charCodeAt(0), resp3 ? reply.size : 2 * reply.size)
    for (const [key, value] of reply) {
      encode(key, output, resp3)
      encode(value, output, resp3)
    }
  } else if (Array.isArray(reply)) {
    encodeItems('*', reply.length, reply, output, resp3)
  } else {
    const { size } = reply as UniqueStrings
    encodeItems(resp3 ? '~' : '*', size, reply as UniqueStrings, output, resp3)
  }
}

function encodeItems(
  type: string,
  size: number,
  items: Iterable<Reply>,
  output: Output,
  resp3: boolean,
): void {
  head(output, type.charCodeAt(0), size)
  for (const item of items) encode(item, output, resp3)
}

/** `$5 CRLF hello CRLF`, and what is built like it. */
function bulk(output: Output, type: number, text: string): void {
  const { length } = text
  output.reserve(length + MAX_HEAD_BYTES + 2)
  head(output, type, length)
  const { buffer } = output
  let { at } = output
  if (length <= SHORT_TEXT) {
    for (let i = 0; i < length; i++) buffer[at++] = text.charCodeAt(i)
  } else {
    at += (buffer as WritingBuffer).latin1Write(text, at, length)
  }
  buffer[at] = CR
  buffer[at + 1] = LF
  output.at = at + 2
}

function head(output: Output, type: number, value: number): void {
  output.reserve(MAX_HEAD_BYTES)
  const { buffer } = output
  let { at } = output
  buffer[at++] = type
  if (value >= 0 && value < 10) {
    buffer[at++] = ZERO + value
  } else {
    const digits = String(value)
    for (let i = 0; i < digits.length; i++) buffer[at++] = digits.charCodeAt(i)
  }
  buffer[at] = CR
  buffer[at + 1] = LF
  output.at = at + 2
}
