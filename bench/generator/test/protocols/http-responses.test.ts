import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResponseReader, type ResponseSink } from '../../src/protocols/http-responses.js'

/** Keeps what the reader tells. */
class Kept implements ResponseSink {
  readonly wantsBody: boolean
  readonly told: string[] = []
  private open = ''

  constructor(wantsBody = true) {
    this.wantsBody = wantsBody
  }
  body(bytes: Buffer, start: number, end: number) {
    this.open += bytes.toString('latin1', start, end)
  }
  response(status: number) {
    this.told.push(this.wantsBody ? `${status} ${this.open}` : String(status))
    this.open = ''
  }
}

function reading(text: string, cuts: number[] = [], method = 'GET') {
  const kept = new Kept()
  const reader = new ResponseReader(kept, method)
  const bytes = Buffer.from(text, 'latin1')
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i++) reader.read(bytes.subarray(places[i - 1], places[i]))
  return { told: kept.told, reader }
}

function read(text: string, cuts: number[] = [], method = 'GET'): string[] {
  const { told, reader } = reading(text, cuts, method)
  expect(reader.between).toBe(true)
  return told
}

const HELLO = 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '5\r\nhello\r\n7;name=value\r\n, world\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'
const EVERY_KIND =
  HELLO +
  HELLO +
  CHUNKED +
  'HTTP/1.1 100 Continue\r\n\r\n' +
  'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\n\r\n' +
  'HTTP/1.1 304 Not Modified\r\ncontent-length: 17\r\n\r\n' +
  'HTTP/1.1 500\r\ncontent-length:2\r\n\r\n\r\n' +
  HELLO

describe('the reader of HTTP responses', () => {
  it('finds the end of a body with a length', () => {
    expect(read(HELLO + HELLO)).toEqual(['200 hello', '200 hello'])
  })

  it('finds the end of a chunked body, with extensions and trailers', () => {
    expect(read(CHUNKED + HELLO)).toEqual(['200 hello, world', '200 hello'])
    expect(
      read('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n'),
    ).toEqual(['200 0123456789'])
  })

  it('lets the coding override a length, as RFC 9112 wants it', () => {
    const both = CHUNKED.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\n')
    expect(read(both)).toEqual(['200 hello, world'])
  })

  it('knows which responses have no body', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
    expect(read(head + head, [], 'HEAD')).toEqual(['200 ', '200 '])
    expect(
      read('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'),
    ).toEqual(['304 ', '204 '])
  })

  it('leaves out interim responses', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n'
    expect(read(early + early + HELLO)).toEqual(['200 hello'])
  })

  it('ends a body without a length with the connection', () => {
    const { told, reader } = reading('HTTP/1.1 200 OK\r\n\r\nhello', [20])
    expect(told).toEqual([])
    expect(reader.between).toBe(false)
    expect(reader.end()).toBe(true)
    expect(told).toEqual(['200 hello'])
    expect(reader.end()).toBe(false)
  })

  it('is not satisfied by the end of the connection where more should have come', () => {
    const { told, reader } = reading(HELLO.slice(0, -1))
    expect(reader.end()).toBe(false)
    expect(reader.between).toBe(false)
    expect(told).toEqual([])
  })

  it('knows when the server closes the connection', () => {
    const closes = (head: string) => reading(`${head}Content-Length: 0\r\n\r\n`).reader.closes
    expect(closes('HTTP/1.1 200 OK\r\n')).toBe(false)
    expect(closes('HTTP/1.1 200 OK\r\nConnection: Close\r\n')).toBe(true)
    expect(closes('HTTP/1.0 200 OK\r\n')).toBe(true)
    expect(closes('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n')).toBe(false)
  })

  it('reads a head that is almost the last one', () => {
    const other = HELLO.replace('now', 'new').replace('5', '4').slice(0, -1)
    expect(read(HELLO + HELLO + other + other + HELLO)).toEqual([
      '200 hello',
      '200 hello',
      '200 hell',
      '200 hell',
      '200 hello',
    ])
  })

  it('says the same however the bytes are cut', () => {
    const whole = read(EVERY_KIND)
    expect(whole).toHaveLength(8)
    for (let cut = 0; cut <= EVERY_KIND.length; cut++) expect(read(EVERY_KIND, [cut])).toEqual(whole)
    const cuts = fc.array(fc.nat(EVERY_KIND.length), { maxLength: 40 })
    fc.assert(fc.property(cuts, (places) => void expect(read(EVERY_KIND, places)).toEqual(whole)))
  })

  it('counts the same where nobody wants the bodies', () => {
    const kept = new Kept(false)
    new ResponseReader(kept, 'GET').read(Buffer.from(EVERY_KIND, 'latin1'))
    expect(kept.told).toEqual(read(EVERY_KIND).map((told) => told.slice(0, 3)))
  })

  it.each([
    [
      'what is no HTTP',
      '-ERR unknown command\r\n\r\n',
      /no status line of HTTP\/1.1: "-ERR unknown command"/,
    ],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', /no status line/],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', /no header of HTTP\/1.1: "nonsense"/],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n', /a content-length of "-5"/],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      /two different content-lengths/,
    ],
    [
      'a chunk without a size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n',
      /byte 13 where the size of a chunk should be/,
    ],
    [
      'a chunk that is longer than it says',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab',
      /byte 98 after a chunk/,
    ],
    [
      'a head without an end',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(65_536)}`,
      /a head of more than 65536 bytes/,
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => reading(text)).toThrow(message)
  })
})
