// The codec of the store: whatever the pieces, the same commands.
import { CodecError, encodeToBuffer } from '@pollux/framework'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitArguments } from '../../src/kv/inline.js'
import { NULL_ARRAY, OK, Push, type Reply, ReplyError, Verbatim } from '../../src/kv/reply.js'
import type { Request } from '../../src/kv/request.js'
import { type RespOptions, resp } from '../../src/kv/resp.js'
import { decodeInPieces } from '../support/decoding.js'

const texts = (request: Request) => request.texts(0)

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
const array = (args: readonly string[]) => `*${args.length}\r\n${args.map(bulk).join('')}`

function decode(text: string, cuts: number[] = [], options: RespOptions = {}, borrow = true) {
  return decodeInPieces(resp(options)(), Buffer.from(text, 'latin1'), cuts, texts, borrow)
}

function expectRefused(text: string, message: string, options: RespOptions = {}) {
  const { error, messages } = decode(text, [], options)
  expect(error).toBeInstanceOf(CodecError)
  expect(error).toMatchObject({ message: `Protocol error: ${message}`, code: 'ERR_POLLUX_MALFORMED_FRAME' })
  expect(messages).toEqual([])
}

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const command = fc.oneof(
  fc.array(latin1, { minLength: 1, maxLength: 6 }).map((args) => ({ args, text: array(args) })),
  fc.array(word, { minLength: 1, maxLength: 6 }).map((args) => ({ args, text: `${args.join(' ')}\r\n` })),
)
const cuts = fc.array(fc.nat({ max: 600 }), { maxLength: 12 })

describe('commands', () => {
  it('are the same however they are cut, inline or not, of any bytes', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), cuts, fc.boolean(), (commands, places, borrow) => {
        const decoded = decode(commands.map(({ text }) => text).join(''), places, {}, borrow)
        expect(decoded).toEqual({ messages: commands.map(({ args }) => args), error: undefined, left: 0 })
      }),
      { numRuns: 300 },
    )
  })

  it('are the same byte by byte', () => {
    const text = `${array(['SET', 'k', '\0\xff\r\n'])}PING\r\n${array(['GET', 'k'])}`
    const places = Array.from({ length: text.length }, (_, i) => i)
    expect(decode(text, places).messages).toEqual([['SET', 'k', '\0\xff\r\n'], ['PING'], ['GET', 'k']])
  })

  it('of arbitrary bytes fail with a CodecError or not at all, and at the same place however they are cut', () => {
    const likely = fc.array(
      fc.constantFrom(
        '*',
        '$',
        '-',
        '1',
        '2',
        '9',
        '\r',
        '\n',
        '\r\n',
        'a',
        ' ',
        '"',
        "'",
        '\\',
        '\0',
        '\xff',
      ),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          likely.map((parts) => parts.join('')),
          latin1,
        ),
        cuts,
        (text, places) => {
          const whole = decode(text)
          const cut = decode(text, places)
          if (whole.error !== undefined) expect(whole.error).toBeInstanceOf(CodecError)
          expect(cut.messages).toEqual(whole.messages)
          expect(String(cut.error)).toBe(String(whole.error))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('of many arguments in small pieces are not read again and again', () => {
    // Read from the beginning for each piece, this would take some minutes.
    const args = Array.from({ length: 200_000 }, () => 'x')
    const text = array(args)
    const places = Array.from({ length: text.length / 50 }, (_, i) => i * 50)
    expect(decode(text, places).messages).toEqual([args])
  })

  it('that are empty are not commands', () => {
    expect(decode(`*0\r\n\r\n*-1\r\n   \r\n${array(['PING'])}`).messages).toEqual([['PING']])
  })
})

describe('what is no command', () => {
  it.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*1\n', 'invalid multibulk length'],
    ['*99999999999\r\n', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*1\r\n:1\r\n', "expected '$', got ':'"],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$1 \r\nx\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*1\r\n$1\r\nxy\r\n', 'expected CRLF after a bulk string'],
    ['GET "x\r\n', 'unbalanced quotes in request'],
  ])('is refused: %j', (text, message) => {
    expectRefused(text, message)
  })

  it('is refused one past each limit, and taken at it', () => {
    const limits = { maxBulkBytes: 3, maxArguments: 2, maxInlineBytes: 10 }
    expect(decode(array(['abc', 'abc']), [], limits).messages).toEqual([['abc', 'abc']])
    expectRefused(array(['abcd']), 'invalid bulk length', limits)
    expectRefused(array(['a', 'b', 'c']), 'invalid multibulk length', limits)
    expect(decode('123456789 \n', [], limits).messages).toEqual([['123456789']])
    expectRefused('12345678901', 'too big inline request', limits)
  })
})

describe('inline words', () => {
  it.each([
    ['  set  a\tb ', ['set', 'a', 'b']],
    [`set "a b" 'c d'`, ['set', 'a b', 'c d']],
    [String.raw`"\x41\n\"\\" 'it\'s \n'`, ['A\n"\\', String.raw`it's \n`]],
    ['""', ['']],
    ['a"b"', ['ab']],
  ])('%j are %j', (line, words) => {
    expect(splitArguments(line)).toEqual(words)
  })

  it.each([['"a'], ["'a"], ['"a"b'], ["'a'b"], ['"\\"']])('%j is not closed', (line) => {
    expect(splitArguments(line)).toBeUndefined()
  })
})

describe('replies', () => {
  const both = (reply: Reply) => [
    encodeToBuffer(resp({ version: 2 })(), reply).toString('latin1'),
    encodeToBuffer(resp({ version: 3 })(), reply).toString('latin1'),
  ]

  it.each<[string, Reply, string, string]>([
    ['a status', OK, '+OK\r\n', '+OK\r\n'],
    ['an error', new ReplyError('ERR a\r\nb'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
    ['a string', '\xff\0', '$2\r\n\xff\0\r\n', '$2\r\n\xff\0\r\n'],
    ['a long string', 'x'.repeat(30), `$30\r\n${'x'.repeat(30)}\r\n`, `$30\r\n${'x'.repeat(30)}\r\n`],
    ['an integer', -12, ':-12\r\n', ':-12\r\n'],
    ['a large integer', 2n ** 63n - 1n, ':9223372036854775807\r\n', ':9223372036854775807\r\n'],
    ['nothing', null, '$-1\r\n', '_\r\n'],
    ['no array', NULL_ARRAY, '*-1\r\n', '_\r\n'],
    [
      'an array',
      ['a', 1, [null]],
      '*3\r\n$1\r\na\r\n:1\r\n*1\r\n$-1\r\n',
      '*3\r\n$1\r\na\r\n:1\r\n*1\r\n_\r\n',
    ],
    ['a map', new Map([['a', 1]]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
    ['a set', new Set(['a']) as Reply, '*1\r\n$1\r\na\r\n', '~1\r\n$1\r\na\r\n'],
    ['a push', new Push(['a', 1]), '*2\r\n$1\r\na\r\n:1\r\n', '>2\r\n$1\r\na\r\n:1\r\n'],
    ['a text', new Verbatim('a'), '$1\r\na\r\n', '=5\r\ntxt:a\r\n'],
  ])('%s in both versions', (_, reply, resp2, resp3) => {
    expect(both(reply)).toEqual([resp2, resp3])
  })

  it('larger than the room that a message finds are whole', () => {
    const large = Array.from({ length: 5000 }, (_, i) => `item ${i}`)
    expect(both(large)[0]).toBe(array(large))
  })
})
