// Bytes up to a delimiter.
import { delimited, encodeToBuffer } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { byteByByte, countLooks, decodeAll, decodeChunks } from '../support/decode.js'

const TOO_LONG = { name: 'CodecError', code: 'ERR_POLLUX_FRAME_TOO_LONG' }
const texts = (buffers: Buffer[]) => buffers.map(String)

describe('received delimited messages', () => {
  it.each(['\0', ';', '\r\n', 'aab', '--boundary--', 'é'])('end with %o', (delimiter) => {
    const codec = delimited({ delimiter })
    const bytes = Buffer.from(['one', '', 'two'].map((text) => text + delimiter).join(''))
    expect(texts(decodeAll(codec, bytes))).toEqual(['one', '', 'two'])
    expect(texts(decodeAll(codec, ...byteByByte(bytes)))).toEqual(['one', '', 'two'])
    expect(texts(decodeAll(delimited({ delimiter: Buffer.from(delimiter) }), bytes))).toEqual([
      'one',
      '',
      'two',
    ])
  })

  it('end at the first delimiter, although an attempt at one comes before it', () => {
    expect(texts(decodeAll(delimited({ delimiter: 'aab' }), 'a', 'a', 'a', 'b', 'aaab'))).toEqual(['a', 'a'])
  })

  it.each([';', '\r\n\r\n'])('are looked at once, but for what may be the beginning of %o', (delimiter) => {
    const text = Buffer.from(`${'\r'.repeat(20_000)}${delimiter}`)
    expect(countLooks(delimited({ delimiter }), text)).toBeLessThanOrEqual(delimiter.length * text.length)
  })

  it('take as many bytes as they may, and none more', () => {
    const bytes = Buffer.from('abc\r\n')
    for (const chunks of [[bytes], byteByByte(bytes)]) {
      expect(texts(decodeAll(delimited({ delimiter: '\r\n', maxLength: 3 }), ...chunks))).toEqual(['abc'])
      expect(() => decodeAll(delimited({ delimiter: '\r\n', maxLength: 2 }), ...chunks)).toThrow(
        expect.objectContaining(TOO_LONG),
      )
    }
  })

  it('need their delimiter at the end, too', () => {
    expect(() => decodeAll(delimited({ delimiter: '\r\n' }), 'abc\r')).toThrow(
      expect.objectContaining({ code: 'ERR_POLLUX_INCOMPLETE_FRAME' }),
    )
  })

  it('are views where the connection borrows, and copies where not', () => {
    const bytes = Buffer.from('abc;')
    let seen: Buffer | undefined
    const watch = ({ bytes }: { bytes: Buffer }) => {
      seen = bytes
    }
    const [view] = decodeChunks(delimited({ delimiter: ';' }), [bytes], { borrow: true, watch }).messages
    expect(view.buffer).toBe(seen?.buffer)
    const [copy] = decodeChunks(delimited({ delimiter: ';' }), [bytes], { watch }).messages
    seen?.fill(0)
    expect(String(copy)).toBe('abc')
  })
})

describe('sent delimited messages', () => {
  it('are bytes or text', () => {
    const codec = delimited({ delimiter: '\0' })
    expect(encodeToBuffer(codec, 'é')).toEqual(Buffer.from([0xc3, 0xa9, 0]))
    expect(encodeToBuffer(codec, new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2, 0]))
  })

  it.each([
    [';', 'a;b'],
    ['aab', 'xaaby'],
    ['aa', 'ba'],
    ['abab', 'xab'],
  ])('with delimiter %o: %o is refused, which would end sooner', (delimiter, message) => {
    expect(() => encodeToBuffer(delimited({ delimiter }), message)).toThrow(/must not hold the delimiter/)
  })

  it('keep the delimiter that the codec was made with', () => {
    const delimiter = Buffer.from(';')
    const codec = delimited({ delimiter })
    delimiter.fill('x')
    expect(encodeToBuffer(codec, 'a').toString()).toBe('a;')
  })

  it.each([[undefined], [null], [7], [{ length: 3 }], [[1, 2]]])('are refused if they are %o', (message) => {
    expect(() => encodeToBuffer(delimited({ delimiter: ';' }), message as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('the options of delimited', () => {
  it.each([
    [undefined, /"options" argument must be of type object/],
    [{}, /"delimiter" argument must be of type string or an instance of Uint8Array/],
    [{ delimiter: 10 }, /"delimiter" argument must be of type string or an instance of Uint8Array/],
    [{ delimiter: '' }, /"delimiter" is out of range. It must be 1 to 256 bytes long/],
    [{ delimiter: 'x'.repeat(257) }, /"delimiter" is out of range/],
    [{ delimiter: ';', maxLength: 0 }, /"maxLength" is out of range/],
  ])('%o are refused', (options, words) => {
    expect(() => delimited(options as never)).toThrow(words)
  })
})
