// Lines: endings, limits, encodings, and what is refused.
import { encodeToBuffer, lines } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { byteByByte, countLooks, decodeAll, decodeChunks } from '../support/decode.js'

const TOO_LONG = { name: 'CodecError', code: 'ERR_POLLUX_FRAME_TOO_LONG' }

describe('received lines', () => {
  it('end with a line feed, or with a carriage return before it, and come without', () => {
    expect(decodeAll(lines(), 'one\ntwo\r\n\n\r\nthree\n')).toEqual(['one', 'two', '', '', 'three'])
  })

  it('keep a carriage return that ends nothing', () => {
    expect(decodeAll(lines(), 'a\rb\n\r\r\nc\r\r\n')).toEqual(['a\rb', '\r', 'c\r'])
  })

  it('need no ending if they are the last', () => {
    expect(decodeAll(lines(), 'one\ntwo')).toEqual(['one', 'two'])
    expect(decodeAll(lines(), 'one\ntwo\r')).toEqual(['one', 'two'])
    expect(decodeAll(lines(), 'one\n')).toEqual(['one'])
    expect(decodeAll(lines())).toEqual([])
  })

  it('are the same however their ending is cut', () => {
    expect(decodeAll(lines(), 'one\r', '\ntwo', '\r\n', '\r', '\n')).toEqual(['one', 'two', ''])
  })

  it('put characters together that were cut', () => {
    const bytes = Buffer.from('žluťoučký 🐴\n')
    expect(decodeAll(lines(), ...byteByByte(bytes))).toEqual(['žluťoučký 🐴'])
  })

  it('have U+FFFD for what is not UTF-8, and every byte in latin1', () => {
    const bytes = Buffer.from([0xff, 0x41, 0x0a])
    expect(decodeAll(lines(), bytes)).toEqual(['\ufffdA'])
    expect(decodeAll(lines({ encoding: 'latin1' }), bytes)).toEqual(['ÿA'])
  })

  it.each([
    ['with an ending', 'abc\n', 'abc\r\n'],
    ['at the end', 'abc', 'abc\r'],
  ])('take as many bytes as they may, %s, and none more', (_, ...texts) => {
    for (const text of texts) {
      for (const chunks of [[Buffer.from(text)], byteByByte(Buffer.from(text))]) {
        expect(decodeAll(lines({ maxLength: 3 }), ...chunks)).toEqual(['abc'])
        expect(() => decodeAll(lines({ maxLength: 2 }), ...chunks)).toThrow(
          expect.objectContaining({
            ...TOO_LONG,
            message: expect.stringContaining('a line is longer than 2 bytes'),
          }),
        )
      }
    }
  })

  it('are refused as soon as they are too long, and not first when they end', () => {
    const codec = lines({ maxLength: 100 })
    const { error, mostKept } = decodeChunks(codec, byteByByte(Buffer.alloc(10_000, 'x')), { end: false })
    expect(error).toMatchObject(TOO_LONG)
    expect(mostKept).toBe(100)
  })

  it('count in bytes, not in characters', () => {
    expect(decodeAll(lines({ maxLength: 4 }), 'éé\n')).toEqual(['éé'])
    expect(() => decodeAll(lines({ maxLength: 3 }), 'éé\n')).toThrow(expect.objectContaining(TOO_LONG))
  })

  it('come before the error of what follows them', () => {
    const { messages, error } = decodeChunks(lines({ maxLength: 3 }), [
      Buffer.from('one\ntwo\nthree\nfour\n'),
    ])
    expect(messages).toEqual(['one', 'two'])
    expect(error).toMatchObject(TOO_LONG)
  })

  it('are looked at twice at most, byte by byte', () => {
    const text = Buffer.from(`${'x'.repeat(64 * 1024)}\n`)
    // Once for the line feed, once for the carriage return that may be the last byte.
    expect(countLooks(lines(), text)).toBeLessThanOrEqual(2 * text.length)
  })
})

describe('sent lines', () => {
  it('get the ending that was asked for', () => {
    expect(encodeToBuffer(lines(), 'héllo').toString()).toBe('héllo\n')
    expect(encodeToBuffer(lines({ ending: '\r\n' }), '').toString()).toBe('\r\n')
    expect(encodeToBuffer(lines({ encoding: 'latin1' }), 'é')).toEqual(Buffer.from([0xe9, 0x0a]))
  })

  it('keep a carriage return at their end', () => {
    for (const ending of ['\n', '\r\n'] as const) {
      const codec = lines({ ending })
      expect(decodeAll(codec, encodeToBuffer(codec, 'abc\r'))).toEqual(['abc\r'])
    }
  })

  it('may be longer than those that are received', () => {
    expect(encodeToBuffer(lines({ maxLength: 1 }), 'x'.repeat(100_000)).length).toBe(100_001)
  })

  it('are refused with a line break in them', () => {
    for (const text of ['a\nb', '\n', 'a\r\n']) {
      expect(() => encodeToBuffer(lines(), text)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }),
      )
    }
  })

  it('are refused with characters that latin1 lacks: cut to a byte, U+010A would be a line break', () => {
    expect(() => encodeToBuffer(lines({ encoding: 'latin1' }), 'a\u010ab')).toThrow(/characters of latin1/)
  })

  it.each([[undefined], [null], [7], [Buffer.from('x')]])('are refused if they are %o', (message) => {
    expect(() => encodeToBuffer(lines(), message as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('the options of lines', () => {
  it.each([
    [null, /"options" argument must be of type object/],
    [{ maxLength: 0 }, /"maxLength" is out of range/],
    [{ maxLength: 2 ** 28 + 1 }, /"maxLength" is out of range/],
    [{ maxLength: 1.5 }, /"maxLength" is out of range. It must be an integer/],
    [{ maxLength: '5' }, /"maxLength" argument must be of type number/],
    [{ encoding: 'utf16le' }, /'encoding' must be 'utf8' or 'latin1'/],
    [{ encoding: 7 }, /'encoding'/],
    [{ ending: '\r' }, /'ending' must be/],
  ])('%o are refused', (options, words) => {
    expect(() => lines(options as never)).toThrow(words)
  })
})
