// What two readers could understand in two ways is refused: RFC 9112, and the ways requests have been smuggled.
import { Input } from '@pollux/framework'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { CONTINUE, type HttpLimits, http } from '../../src/http/http-codec.js'
import { HttpError } from '../../src/http/http-error.js'
import { type Request, withoutSpaces } from '../../src/http/request.js'
import { Response } from '../../src/http/response.js'
import { decodeInPieces } from '../support/decoding.js'

/** Requests as `METHOD target body`, refusals as their status. */
function decode(text: string, cuts: number[] = [], limits: HttpLimits = {}) {
  const { messages, error } = decodeInPieces(http(limits)(), Buffer.from(text, 'latin1'), cuts, (message) => {
    if (message instanceof HttpError) return message.status
    if (message === CONTINUE) return 'continue'
    return `${message.method} ${message.target} ${message.body.toString('latin1')}`.trimEnd()
  })
  expect(error).toBeUndefined()
  return messages
}

const HOST = 'Host: a\r\n'
const post = (fields: string, rest = '') => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n\r\n${rest}`
const get = (fields: string) => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n\r\n`
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`

function inputOf(bytes: Buffer): Input {
  const input = new Input(bytes)
  input.end = bytes.length
  return input
}

const everyCut = (text: string) => Array.from({ length: text.length }, (_, i) => i)

describe('a request', () => {
  it.each<[string, string, (string | number)[]]>([
    ['without a body', `GET /a?b=c HTTP/1.1\r\n${HOST}\r\n`, ['GET /a?b=c']],
    ['after an empty line', `\r\n${NEXT}`, ['GET /next']],
    ['with a length', post('Content-Length: 5', `hello${NEXT}`), ['POST / hello', 'GET /next']],
    ['with a length of 0', post('Content-Length: 0', NEXT), ['POST /', 'GET /next']],
    [
      'in chunks',
      post('Transfer-Encoding: Chunked', `5\r\nhello\r\n0\r\n\r\n${NEXT}`),
      ['POST / hello', 'GET /next'],
    ],
    [
      'in chunks with extensions',
      post('Transfer-Encoding: chunked', '00A;x="y" ; z\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n'),
      ['POST / 0123456789!'],
    ],
    [
      'with trailers',
      post('Transfer-Encoding: chunked', `1\r\nx\r\n0\r\nA: b\r\n\r\n${NEXT}`),
      ['POST / x', 'GET /next'],
    ],
    [
      'with trailers that would frame or route it, were they fields',
      post(
        'Transfer-Encoding: chunked',
        `1\r\nx\r\n0\r\nContent-Length: 9\r\nHost: b\r\nExpect: c\r\nConnection: close\r\n\r\n${NEXT}`,
      ),
      ['POST / x', 'GET /next'],
    ],
    ['of 1.0 without a host', 'GET / HTTP/1.0\r\n\r\n', ['GET /']],
    ['for a proxy', `GET http://a/b?c HTTP/1.1\r\n${HOST}\r\n`, ['GET /b?c']],
    ['for a proxy, without a path', `GET http://a HTTP/1.1\r\n${HOST}\r\n`, ['GET /']],
    ['about the server', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, ['OPTIONS *']],
    ['with spaces around values', get('A: \t b \t'), ['GET /']],
    ['with an empty value', get('A:'), ['GET /']],
    ['with bytes beyond ASCII in a value', get('A: \xe4'), ['GET /']],
    ['that is the last', `${get('Connection: close')}${NEXT}`, ['GET /']],
    [
      'that is the last, with a body',
      `${post('Connection: x, Close\r\nContent-Length: 1', 'x')}${NEXT}`,
      ['POST / x'],
    ],
    ['of 1.0, which is the last', `GET / HTTP/1.0\r\n\r\n${NEXT}`, ['GET /']],
    ['of 1.0 that stays', `GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n${NEXT}`, ['GET /', 'GET /next']],
  ])('%s', (_, text, messages) => {
    expect(decode(text)).toEqual(messages)
    expect(decode(text, everyCut(text))).toEqual(messages)
  })

  it('that waits for leave to send its body', () => {
    const head = post('Content-Length: 2\r\nExpect: 100-Continue')
    expect(decode(`${head}hi`, [head.length])).toEqual(['continue', 'POST / hi'])
    expect(decode(`${head}hi`)).toEqual(['POST / hi'])
  })

  it('has its fields, however they are written', () => {
    const { messages } = decodeInPieces(
      http()(),
      Buffer.from(get('X-A: 1\r\nx-a:  2 ')),
      [],
      (message) => message,
    )
    expect((messages[0] as Request).headers).toMatchObject({ host: 'a', 'x-a': '1, 2' })
  })
})

describe('refused', () => {
  it.each<[string, string, number]>([
    // Two lengths.
    [
      'Content-Length and Transfer-Encoding',
      post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
      400,
    ],
    [
      'Transfer-Encoding and Content-Length',
      post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
      400,
    ],
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 6', 'hello!'), 400],
    ['two lengths that agree', post('Content-Length: 5\r\nContent-Length: 5', 'hello'), 400],
    ['a list of lengths', post('Content-Length: 5, 5', 'hello'), 400],
    // Lengths that some take for numbers.
    ['a length with a sign', post('Content-Length: +5', 'hello'), 400],
    ['a negative length', post('Content-Length: -5', 'hello'), 400],
    ['a hexadecimal length', post('Content-Length: 0x5', 'hello'), 400],
    ['a length with a space in it', post('Content-Length: 1 0', 'hello'), 400],
    ['an empty length', post('Content-Length:', 'hello'), 400],
    ['a length beyond numbers', post('Content-Length: 99999999999999999999', 'x'), 413],
    // Codings.
    ['chunked that is not the last', post('Transfer-Encoding: chunked, gzip', '0\r\n\r\n'), 400],
    [
      'chunked that is not the last, in two fields',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip'),
      400,
    ],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n'), 400],
    ['another coding alone', post('Transfer-Encoding: gzip'), 400],
    ['identity', post('Transfer-Encoding: identity'), 400],
    ['an empty coding', post('Transfer-Encoding:'), 400],
    ['a coding that only looks like chunked', post('Transfer-Encoding: xchunked'), 400],
    ['a coding with a strange space', post('Transfer-Encoding: \x0bchunked'), 400],
    ['a coding with a space that is none', post('Transfer-Encoding: chunked\xa0', '0\r\n\r\n'), 400],
    ['a coding that is not there for us', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), 501],
    ['chunks in 1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    // Lines.
    ['a line that goes on', get('A: b\r\n c'), 400],
    ['a line that goes on, at once', `GET / HTTP/1.1\r\n ${HOST}\r\n`, 400],
    ['a space before the colon', post('Content-Length : 5', 'hello'), 400],
    ['a tab before the colon', post('Transfer-Encoding\t: chunked', '0\r\n\r\n'), 400],
    ['a field without a name', get(': x'), 400],
    ['a field without a colon', get('x'), 400],
    ['a bare LF in the head', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
    ['a bare LF after a field', `GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n`, 400],
    ['a bare LF as the empty line', `GET / HTTP/1.1\r\n${HOST}\n${NEXT}`, 400],
    ['a bare CR in a value', get('A: b\rc'), 400],
    ['a bare CR in the request line', `GET / HTTP/1.1\rX\r\n${HOST}\r\n`, 400],
    ['NUL in a value', get('A: b\0c'), 400],
    ['a name with bytes beyond ASCII', get('\xe4: b'), 400],
    // The request line.
    ['two spaces after the method', `GET  / HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a tab for a space', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a byte beyond ASCII in the target', `GET /\xe4 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['no version', `GET /\r\n${HOST}\r\n`, 400],
    ['a version in lower case', `GET / http/1.1\r\n${HOST}\r\n`, 400],
    ['a version of two digits', `GET / HTTP/1.10\r\n${HOST}\r\n`, 400],
    ['another version', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
    ['a method of no end', `${'A'.repeat(40)} / HTTP/1.1\r\n${HOST}\r\n`, 501],
    // Host.
    ['no host', 'GET / HTTP/1.1\r\nA: b\r\n\r\n', 400],
    ['two hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ['a host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    // Chunks.
    ['a chunk without a size', post('Transfer-Encoding: chunked', '\r\nx'), 400],
    ['a size that is no number', post('Transfer-Encoding: chunked', 'x\r\n'), 400],
    ['a size with 0x', post('Transfer-Encoding: chunked', '0x1\r\nx\r\n0\r\n\r\n'), 400],
    ['a negative size', post('Transfer-Encoding: chunked', '-1\r\n'), 400],
    ['a space after a size', post('Transfer-Encoding: chunked', '1 \r\nx\r\n0\r\n\r\n'), 400],
    ['a space before a size', post('Transfer-Encoding: chunked', ' 1\r\nx\r\n0\r\n\r\n'), 400],
    ['a bare LF after a size', post('Transfer-Encoding: chunked', '1\nx\r\n0\r\n\r\n'), 400],
    ['a bare CR in an extension', post('Transfer-Encoding: chunked', '1;a\rb\r\nx\r\n0\r\n\r\n'), 400],
    ['a size of too many digits', post('Transfer-Encoding: chunked', '000000001\r\nx\r\n'), 400],
    ['a size line of no end', post('Transfer-Encoding: chunked', `1;${'x'.repeat(400)}`), 400],
    [
      'a chunk that is longer than its size',
      post('Transfer-Encoding: chunked', '1\r\nxyz\r\n0\r\n\r\n'),
      400,
    ],
    ['a chunk that ends with a bare LF', post('Transfer-Encoding: chunked', '1\r\nx\n0\r\n\r\n'), 400],
    ['a trailer that is no field', post('Transfer-Encoding: chunked', '0\r\nGET / HTTP/1.1\r\n\r\n'), 400],
    // What we don't do.
    ['another expectation', get('Expect: miracles'), 417],
  ])('%s', (_, text, status) => {
    for (const cuts of [[], everyCut(text)]) {
      const messages = decode(text + NEXT, cuts)
      // Nothing that follows is taken for a request.
      expect(messages).toEqual([status])
    }
  })

  it.each<[string, HttpLimits, string, number]>([
    ['a long target', { maxTargetBytes: 5 }, `GET /12345 HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['a long target that has no end', { maxTargetBytes: 5, maxHeadBytes: 9 }, 'GET /12345', 414],
    ['a long head', { maxHeadBytes: 50 }, get(`A: ${'x'.repeat(50)}`), 431],
    ['a long head that has no end', { maxHeadBytes: 50 }, `GET / HTTP/1.1\r\nA: ${'x'.repeat(50)}`, 431],
    ['many fields', { maxFields: 3 }, get('A: 1\r\nB: 2\r\nC: 3'), 431],
    ['a long body', { maxBodyBytes: 4 }, post('Content-Length: 5'), 413],
    [
      'a long body in chunks',
      { maxBodyBytes: 4 },
      post('Transfer-Encoding: chunked', '3\r\nabc\r\n2\r\n'),
      413,
    ],
    [
      'long trailers',
      { maxHeadBytes: 80 },
      post('Transfer-Encoding: chunked', `0\r\nA: ${'x'.repeat(90)}`),
      431,
    ],
  ])('%s', (_, limits, text, status) => {
    expect(decode(text, [], limits)).toEqual([status])
    expect(decode(text, everyCut(text), limits)).toEqual([status])
  })

  it('at no limit', () => {
    const limits = { maxTargetBytes: 5, maxFields: 2, maxBodyBytes: 4 }
    const text = `POST /1234 HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbody`
    expect(decode(text, [], limits)).toEqual(['POST /1234 body'])
  })
})

describe('a client that means to keep us busy', () => {
  it('sends each byte in a chunk of its own, and gets no more memory than its body has', () => {
    const bytes = 200_000
    const chunks = Buffer.from(`${post('Transfer-Encoding: chunked')}${'1\r\nx\r\n'.repeat(bytes)}`)
    const codec = http()()
    const input = inputOf(chunks)
    gc?.()
    const before = process.memoryUsage()
    expect(codec.decode(input)).toBeUndefined()
    gc?.()
    const after = process.memoryUsage()
    const grown = after.heapUsed + after.external - before.heapUsed - before.external
    expect(grown).toBeLessThan(10 * bytes)
    input.bytes = Buffer.from('0\r\n\r\n')
    input.start = 0
    input.end = input.bytes.length
    expect((codec.decode(input) as Request).body).toEqual(Buffer.alloc(bytes, 'x'))
  })

  it('trickles a body in chunks, and is told that its time is over', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
    onTestFinished(() => void now.mockRestore())
    const codec = http({ bodyTimeoutMs: 50 })()
    expect(codec.decode(inputOf(Buffer.from(post('Transfer-Encoding: chunked'))))).toBeUndefined()
    now.mockReturnValue(1050)
    expect(codec.decode(inputOf(Buffer.from('1\r\nx\r\n')))).toBeUndefined()
    now.mockReturnValue(1051)
    expect(codec.decode(inputOf(Buffer.from('1\r\nx\r\n')))).toMatchObject({ status: 408 })
  })

  it('fills a value with spaces, which takes no longer than other bytes', () => {
    expect(withoutSpaces(` \t a${' '.repeat(10_000)}b\t `)).toBe(`a${' '.repeat(10_000)}b`)
    expect(withoutSpaces(' \t ')).toBe('')
  })
})

describe('an answer', () => {
  it.each<[string, () => Response, string]>([
    ['a line of its own in a field', () => new Response(200, { a: 'b\r\nc: d' }), "header 'a' has bytes"],
    ['a length of its own', () => new Response(200, { 'Content-Length': '3' }), 'is set by the server'],
    ['a body where there can be none', () => new Response(204, {}, 'x'), 'status 204 has no body'],
    ['a streamed one', () => new Response(304, {}, (async function* () {})()), 'status 304 has no body'],
  ])('can not have %s', (_, make, message) => {
    expect(make).toThrow(message)
  })
})

describe('bytes by chance', () => {
  const parts = fc.array(
    fc.constantFrom(
      'GET',
      'POST',
      ' ',
      '/',
      'HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      ':',
      HOST,
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      'abc',
      '\0',
      '\xff',
      NEXT,
    ),
    { maxLength: 25 },
  )
  // A head that has no end may be refused as soon as it is wrong, or when it is complete: so each has one.
  const text = fc
    .oneof(
      parts.map((all) => all.join('')),
      parts.map((all) => `POST / HTTP/1.1\r\n${HOST}${all.join('')}`),
      fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    )
    .map((all) => `${all}\r\n\r\n`)

  it('are understood, or refused, the same however they are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 300 }), { maxLength: 10 }), (text, cuts) => {
        expect(decode(text, cuts)).toEqual(decode(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('as a body arrive as they were, in chunks of any size', () => {
    const piece = fc
      .uint8Array({ minLength: 1, maxLength: 50 })
      .map((bytes) => Buffer.from(bytes).toString('latin1'))
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.array(fc.nat({ max: 500 }), { maxLength: 10 }),
        (pieces, cuts) => {
          const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
          const decoded = decodeInPieces(
            http()(),
            Buffer.from(post('Transfer-Encoding: chunked', `${chunks}0\r\n\r\n`), 'latin1'),
            cuts,
            (message) => (message as Request).body?.toString('latin1'),
          )
          expect(decoded.messages).toEqual([pieces.join('')])
        },
      ),
      { numRuns: 200 },
    )
  })
})
