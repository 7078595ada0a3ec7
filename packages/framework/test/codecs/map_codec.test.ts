// Codecs made of codecs.
import {
  type Codec,
  encodeToBuffer,
  type Input,
  json,
  lengthPrefixed,
  lines,
  malformedFrame,
  mapCodec,
} from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { decodeAll, decodeChunks } from '../support/decode.js'

const words = mapCodec(lines({ maxLength: 20 }), {
  decode: (line) => line.split(' '),
  encode: (list: string[]) => list.join(' '),
})

describe('a mapped codec', () => {
  it('makes values of frames, and frames of values', () => {
    expect(decodeAll(words, 'a b\nc')).toEqual([['a', 'b'], ['c']])
    expect(encodeToBuffer(words, ['a', 'b']).toString()).toBe('a b\n')
  })

  it('maps what was mapped', () => {
    const counted = mapCodec(words, {
      decode: (list) => list.length,
      encode: (count: number) => Array<string>(count).fill('x'),
    })
    expect(decodeAll(counted, encodeToBuffer(counted, 3))).toEqual([3])
  })

  it('has the limit of what it is made of', () => {
    expect(words.maxFrameBytes).toBe(21)
    expect(() => decodeAll(words, 'x'.repeat(30))).toThrow(/longer than 20 bytes/)
  })

  it('leaves out frames without a value, and looks at each byte once all the same', () => {
    const noComments = mapCodec(lines(), {
      decode: (line) => (line.startsWith('#') ? undefined : line),
      encode: (line: string) => line,
    })
    expect(decodeAll(noComments, '#1\na\n#2\n#3\nb\n#4')).toEqual(['a', 'b'])
    // Of a frame that is left out, what was learned of it is forgotten with it.
    expect(decodeAll(noComments, '#comm', 'ent\na\n#', '\nb\n')).toEqual(['a', 'b'])
  })

  it('waits for all of a frame behind one that was left out, and for no more', () => {
    const evens = mapCodec(lengthPrefixed({ bytes: 'varint' }), {
      decode: (frame) => (frame.length % 2 === 0 ? frame.toString() : undefined),
      encode: (text: string) => text,
    })
    expect(decodeAll(evens, '\x03ab', 'c\x02', 'de\x01f')).toEqual(['de'])
    const cut = ['05616263', '646582', '006465'].map((hex) => Buffer.from(hex, 'hex'))
    expect(decodeChunks(evens, cut, { end: false }).messages).toEqual(['de'])
  })

  it('takes what decode throws for a malformed frame, with the error as its cause', () => {
    const cause = new Error('no')
    const failing = mapCodec(lines(), {
      decode() {
        throw cause
      },
      encode: String,
    })
    expect(() => decodeAll(failing, 'x\n')).toThrow(
      expect.objectContaining({ name: 'CodecError', code: 'ERR_POLLUX_MALFORMED_FRAME', cause }),
    )
    expect(() => decodeAll(failing, 'x')).toThrow(expect.objectContaining({ cause }))
  })

  it('passes on a CodecError as it is', () => {
    const error = malformedFrame('of my own')
    const failing = mapCodec(lines(), {
      decode() {
        throw error
      },
      encode: String,
    })
    expect(decodeChunks(failing, [Buffer.from('x\n')]).error).toBe(error)
  })

  it('throws at the sender what encode throws, and what the frame is refused with', () => {
    expect(() => encodeToBuffer(words, null as never)).toThrow(TypeError)
    expect(() => encodeToBuffer(words, ['a\nb'])).toThrow(/two lines/)
  })

  it('is made for each connection where its codec is', () => {
    let made = 0
    const source = mapCodec(
      () => {
        let count = 0
        made++
        const counting: Codec<number, string> = {
          maxFrameBytes: 0,
          decode: (input: Input) => {
            input.start = input.end
            return ++count
          },
          encode: (text, output) => output.text(text),
        }
        return counting
      },
      { decode: (count) => `#${count}`, encode: (text: string) => text },
    )
    const [first, second] = [source(), source()]
    expect(made).toBe(2)
    expect(decodeAll(first, 'a', 'b')).toEqual(['#1', '#2'])
    expect(decodeAll(second, 'a')).toEqual(['#1'])
  })

  it.each([
    [null, {}, /"codec" argument/],
    [{}, { decode() {}, encode() {} }, /"codec" argument must be a codec/],
    [lines(), null, /"map" argument/],
    [lines(), { decode() {} }, /"map.encode" argument must be of type function/],
    [lines(), { encode() {} }, /"map.decode" argument must be of type function/],
  ])('is refused of %o and %o', (codec, map, message) => {
    expect(() => mapCodec(codec as never, map as never)).toThrow(message)
  })

  it('checks what json believes', () => {
    const points = mapCodec(json<{ x?: unknown }>(), {
      decode({ x }) {
        if (typeof x !== 'number') throw malformedFrame('a point has a number x')
        return { x }
      },
      encode: (point: { x: number }) => point,
    })
    expect(decodeAll(points, '{"x":1}\n')).toEqual([{ x: 1 }])
    expect(() => decodeAll(points, '{"x":"1"}\n')).toThrow('a point has a number x')
    // null has no x: an error of the map's, and the peer's fault.
    expect(() => decodeAll(points, 'null\n')).toThrow(/malformed frame/)
  })
})
