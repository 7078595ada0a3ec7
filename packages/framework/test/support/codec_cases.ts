// Every codec with options that make its limits easy to reach, what can be sent with it, and what breaks it.
import {
  type Codec,
  delimited,
  encodeToBuffer,
  fixed,
  json,
  lengthPrefixed,
  lines,
  mapCodec,
  netstring,
} from '@pollux/framework'
import * as fc from 'fast-check'
import { shortText } from './short_text.js'

export interface CodecCase {
  name: string
  codec: Codec<unknown, never>
  /** What may be sent. */
  message: fc.Arbitrary<unknown>
}

const MAX = 40

const text = (options: fc.StringConstraints) => fc.string({ unit: 'binary', ...options })
const bytes = (maxLength = MAX, minLength = 0) => fc.uint8Array({ minLength, maxLength })
const withoutBreak = (line: string) => !line.includes('\n')

/** Few letters, so that beginnings of the delimiter are everywhere. */
const nearly = (delimiter: string) =>
  fc
    .string({ unit: fc.constantFrom(...delimiter, 'x'), maxLength: MAX })
    .filter((message) => `${message}${delimiter}`.indexOf(delimiter) === message.length)
    .map((message) => Buffer.from(message))

/** As JSON has them: it knows no -0. */
const jsonValue = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.stringify(value))
  .filter((line) => Buffer.byteLength(line) <= MAX)
  .map((line) => JSON.parse(line) as unknown)

function caseOf<In, Out>(name: string, codec: Codec<In, Out>, message: fc.Arbitrary<Out>): CodecCase {
  return { name, codec: codec as Codec<unknown, never>, message }
}

const prefixed = ([1, 2, 4, 8, 'varint'] as const).flatMap((size) =>
  ([undefined, 'little'] as const).flatMap((byteOrder) =>
    [false, true].flatMap((includesLength) => {
      if (size === 'varint' && byteOrder !== undefined) return []
      const name = `lengthPrefixed(${size}, ${byteOrder ?? 'big'}${includesLength ? ', itself included' : ''})`
      const codec = lengthPrefixed({ bytes: size, byteOrder, includesLength, maxLength: MAX })
      return [caseOf(name, codec, bytes())]
    }),
  ),
)

export const CASES: CodecCase[] = [
  // Three bytes a character at most, four for those of two units.
  caseOf('lines', lines({ maxLength: MAX }), text({ maxLength: MAX / 4 }).filter(withoutBreak)),
  caseOf(
    "lines(latin1, '\\r\\n')",
    lines({ maxLength: MAX, encoding: 'latin1', ending: '\r\n' }),
    bytes()
      .map((message) => Buffer.from(message).toString('latin1'))
      .filter(withoutBreak),
  ),
  caseOf(
    'lines of carriage returns',
    lines({ maxLength: MAX }),
    fc.string({ unit: fc.constantFrom('\r', 'x'), maxLength: MAX }),
  ),
  ...[';', '\r\n', 'aab', 'abcabd'].map((delimiter) =>
    caseOf(
      `delimited(${JSON.stringify(delimiter)})`,
      delimited({ delimiter, maxLength: MAX }),
      nearly(delimiter),
    ),
  ),
  ...prefixed,
  caseOf('fixed', fixed({ length: 5 }), bytes(5, 5)),
  caseOf('netstring', netstring({ maxLength: MAX }), bytes()),
  caseOf('json', json({ maxLength: MAX }), jsonValue),
  caseOf(
    'mapCodec of netstring, with a filter',
    mapCodec(netstring({ maxLength: MAX }), {
      decode: (frame) => (frame[0] === 0x23 ? undefined : `${frame.toString('latin1')}!`),
      encode: (value: string) => Buffer.from(value.slice(0, -1), 'latin1'),
    }),
    bytes()
      .filter(([first]) => first !== 0x23)
      .map((message) => `${Buffer.from(message).toString('latin1')}!`),
  ),
  caseOf('a codec of the documentation', shortText, text({ minLength: 1, maxLength: 20 })),
]

/** Whole and broken beginnings of what codecs look for. */
const TOKENS = [
  '\n',
  '\r',
  '\r\n',
  ';',
  'aab',
  'aa',
  'abcab',
  '0',
  '1',
  '9',
  ':',
  ',',
  '#',
  '3:abc,',
  '{"a":1}',
  '[',
  ' ',
]
  .map((token) => Buffer.from(token))
  .concat(
    ['00', '000003', '00000000000003', '80', 'ff', '8001', 'ffffffffffffffffff01'].map((hex) =>
      Buffer.from(hex, 'hex'),
    ),
  )

/** Bytes that are frames of this codec, parts of frames, and anything. */
export function anyBytes({ codec, message }: CodecCase): fc.Arbitrary<Buffer> {
  const frame = message.map((value) => encodeToBuffer(codec, value as never))
  const part = fc.tuple(frame, fc.nat(MAX)).map(([whole, length]) => whole.subarray(0, length))
  const piece = fc.oneof(frame, part, fc.constantFrom(...TOKENS), bytes(8))
  return fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces))
}

/** As it is received: bytes come as Buffers. */
export function received(message: unknown): unknown {
  return message instanceof Uint8Array ? Buffer.from(message) : message
}
