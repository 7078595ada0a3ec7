// Fixed lengths, netstrings, JSON, raw bytes.
import { encodeToBuffer, fixed, json, netstring, raw } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { byteByByte, decodeAll, decodeChunks } from '../support/decode.js'

const TOO_LONG = { name: 'CodecError', code: 'ERR_POLLUX_FRAME_TOO_LONG' }
const MALFORMED = { name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME' }
const INCOMPLETE = { name: 'CodecError', code: 'ERR_POLLUX_INCOMPLETE_FRAME' }
const texts = (buffers: Buffer[]) => buffers.map(String)

describe('messages of fixed length', () => {
  const codec = fixed({ length: 3 })

  it('follow each other directly', () => {
    expect(texts(decodeAll(codec, 'ab', 'cdefg', 'h', 'i'))).toEqual(['abc', 'def', 'ghi'])
    expect(encodeToBuffer(codec, 'abc').toString()).toBe('abc')
  })

  it('are all of their bytes', () => {
    expect(() => decodeAll(codec, 'abcde')).toThrow(expect.objectContaining(INCOMPLETE))
    for (const message of ['ab', 'abcd', '']) {
      expect(() => encodeToBuffer(codec, message)).toThrow(/It must be 3 bytes long/)
    }
  })

  it.each([[undefined], [{}], [{ length: 0 }], [{ length: 2 ** 28 + 1 }], [{ length: '3' }]])(
    'are refused with options %o',
    (options) => {
      expect(() => fixed(options as never)).toThrow(/options|"length"/)
    },
  )
})

describe('netstrings', () => {
  it('are those of their specification', () => {
    const frame = '12:hello world!,'
    expect(texts(decodeAll(netstring(), frame, '0:,', ...byteByByte(Buffer.from(frame))))).toEqual([
      'hello world!',
      '',
      'hello world!',
    ])
    expect(encodeToBuffer(netstring(), 'hello world!').toString()).toBe(frame)
    expect(encodeToBuffer(netstring(), '').toString()).toBe('0:,')
  })

  it.each(['x', ':', '-1:a,', ' 1:a,', '1 :a,', '1;a,', '01:a,', '00:,', '1:ab', '0:a', '1:a\n'])(
    'are not %o',
    (text) => {
      for (const chunks of [[text], byteByByte(Buffer.from(text))]) {
        expect(() => decodeAll(netstring(), ...chunks)).toThrow(expect.objectContaining(MALFORMED))
      }
    },
  )

  it.each(['', '1', '12', '1:', '1:a'])('are incomplete after %o', (text) => {
    const { messages, error } = decodeChunks(netstring(), [Buffer.from(text)])
    expect(messages).toEqual([])
    if (text === '') expect(error).toBeUndefined()
    else expect(error).toMatchObject(INCOMPLETE)
  })

  it('are refused from the digit on that is too much', () => {
    const codec = netstring({ maxLength: 99 })
    expect(decodeAll(codec, `99:${'x'.repeat(99)},`)).toHaveLength(1)
    for (const text of ['100', '99999999999999999999999999']) {
      const { error, mostKept } = decodeChunks(codec, byteByByte(Buffer.from(text)))
      expect(error).toMatchObject(TOO_LONG)
      expect(mostKept).toBe(2)
    }
  })

  it.each([[null], [{ maxLength: 0 }], [{ maxLength: Number.NaN }]])(
    'are refused with options %o',
    (options) => {
      expect(() => netstring(options as never)).toThrow(/options|maxLength/)
    },
  )
})

describe('JSON', () => {
  it('is one value a line', () => {
    expect(decodeAll(json(), '{"a":[1,2.5,null,true]}\n"x"\r\n  7  \nfalse')).toEqual([
      { a: [1, 2.5, null, true] },
      'x',
      7,
      false,
    ])
    expect(encodeToBuffer(json(), { a: 'b\nc' }).toString()).toBe('{"a":"b\\nc"}\n')
  })

  it('skips blank lines, of which there may be many', () => {
    expect(decodeAll(json(), `\n\r\n \t\n1\n${'\n'.repeat(200_000)}2\n\n`, '\n', ' ')).toEqual([1, 2])
    // What was learned of a blank line is forgotten with it.
    expect(decodeAll(json(), '    ', '\n1\n2\n3\n')).toEqual([1, 2, 3])
  })

  it.each(['{', 'x', '{"a":1}}', "{'a':1}", 'undefined', '\ufeff1', 'NaN', '\u00a0'])('is not %o', (text) => {
    for (const chunks of [[`${text}\n`], [text]]) {
      expect(() => decodeAll(json(), ...chunks)).toThrow(expect.objectContaining(MALFORMED))
    }
  })

  it('says nothing of what was in the line', () => {
    const { error } = decodeChunks(json(), [Buffer.from('{"password": secret}\n')])
    expect(error).toMatchObject({ message: 'malformed frame: a line that is not JSON' })
    expect(error).not.toHaveProperty('cause')
  })

  it('may be nested as deep as a line is long', () => {
    const text = '['.repeat(100_000)
    expect(() => decodeAll(json(), `${text}\n`)).toThrow(expect.objectContaining(MALFORMED))
  })

  it('has a limit for its lines', () => {
    expect(decodeAll(json({ maxLength: 3 }), '123\n')).toEqual([123])
    expect(() => decodeAll(json({ maxLength: 3 }), '1234\n')).toThrow(expect.objectContaining(TOO_LONG))
  })

  it('refuses to send what it has no way to write', () => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    for (const value of [undefined, () => {}, Symbol('x'), 1n, cyclic]) {
      expect(() => encodeToBuffer(json(), value)).toThrow(TypeError)
    }
  })

  it.each([[null], [{ maxLength: 0 }], [{ maxLength: '1' }]])('is refused with options %o', (options) => {
    expect(() => json(options as never)).toThrow(/options|maxLength/)
  })
})

describe('raw bytes', () => {
  it('come as they come, and go as they are', () => {
    expect(texts(decodeAll(raw(), 'ab', '', 'c'))).toEqual(['ab', 'c'])
    expect(encodeToBuffer(raw(), 'é')).toEqual(Buffer.from('é'))
    expect(encodeToBuffer(raw(), new Uint8Array([1, 0]))).toEqual(Buffer.from([1, 0]))
  })

  it('are refused to be sent if they are none', () => {
    expect(() => encodeToBuffer(raw(), 7 as never)).toThrow(/"message" argument must be/)
  })
})
