// Numeric addresses and numbers, to the bit as another program has them.
import { htonl, htons, inet_ntop, inet_pton, ntohl, ntohs } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { Random, seeds } from '../../../native-poll/test/support/random.js'
import { constants } from '../../../native-poll/test/support/raw_reactor.js'
import { askPython } from '../support/oracle.js'

const { AF_UNIX, AF_INET, AF_INET6 } = constants

/** The bytes in hexadecimal, or null. */
const PTON = `
def ask(family, text):
  try:
    return socket.inet_pton(family, text).hex()
  except OSError:
    return None
answer([ask(*question) for question in input])
`

function ourBytes(family: number, text: string): string | null {
  try {
    return Buffer.from(inet_pton(family, text)).toString('hex')
  } catch (error) {
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    return null
  }
}

const KNOWN = [
  '0.0.0.0 255.255.255.255 192.0.2.1 1.2.3 1.2.3.4.5 256.0.0.1 01.2.3.4 1.2.3.4. 0x1.2.3.4 -1.2.3.4 1..2.3 localhost',
  ':: ::1 1:: 1::2 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1::2::3 ::ffff:1.2.3.4',
  '::1.2.3 ::1.2.3.4:5 64:ff9b::192.0.2.33 fe80::1%lo fe80::1%1 [::1] 12345:: g:: ::: : FE80::ABCD 0001:02:003:4::',
]
  .flatMap((line) => line.split(' '))
  .concat('', ' ', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '١.2.3.4')

describe('inet_pton', () => {
  const questions = KNOWN.flatMap((text) =>
    [AF_INET, AF_INET6].map((family): [number, string] => [family, text]),
  )
  const answers = askPython<(string | null)[]>(PTON, questions)

  it.each(questions.map((question, i) => [...question, answers[i]] as const))(
    'of family %i, %j',
    (family, text, theirs) => expect(ourBytes(family, text)).toBe(theirs),
  )

  it.each(seeds(1))('of chance texts, right and wrong (POLLUX_SEED=%i)', (seed) => {
    const random = new Random(seed)
    const chances = Array.from({ length: 5000 }, (): [number, string] => {
      const family = random.pick([AF_INET, AF_INET6])
      return [family, chanceAddress(random, family)]
    })
    const theirs = askPython<(string | null)[]>(PTON, chances)
    expect(chances.map(([family, text]) => ourBytes(family, text))).toEqual(theirs)
    // Or else it has proved half of it only.
    expect(theirs.filter((bytes) => bytes === null).length).toBeGreaterThan(200)
    expect(theirs.filter((bytes) => bytes !== null).length).toBeGreaterThan(200)
  })

  it('takes nothing after a NUL byte for granted', () => {
    for (const [family, text] of [
      [AF_INET, '127.0.0.1\0'],
      [AF_INET6, '::1\0junk'],
    ] as const) {
      expect(() => inet_pton(family, text)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
      )
    }
  })

  it.each([AF_UNIX, 0, -1, 9999])('knows no addresses of family %i', (family) => {
    for (const call of [() => inet_pton(family, '127.0.0.1'), () => inet_ntop(family, new Uint8Array(4))]) {
      expect(call).toThrow(expect.objectContaining({ name: 'SocketError', code: 'EAFNOSUPPORT' }))
    }
  })

  it('refuses what is no family and no text', () => {
    const untyped = inet_pton as (...args: unknown[]) => unknown
    expect(() => untyped('AF_INET', '127.0.0.1')).toThrow(TypeError)
    expect(() => untyped(AF_INET + 0.5, '127.0.0.1')).toThrow(RangeError)
    for (const text of [undefined, null, 127, Buffer.from('::1')]) {
      expect(() => untyped(AF_INET, text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    }
  })
})

describe('inet_ntop', () => {
  it.each(seeds(1))('writes chance bytes as the system does (POLLUX_SEED=%i)', (seed) => {
    const random = new Random(seed)
    const chances = Array.from({ length: 4000 }, (_, i): [number, string] => {
      // Zeros in rows are what the short form is about.
      const bytes = Array.from({ length: i % 2 === 0 ? 4 : 16 }, () =>
        random.below(3) ? 0 : random.below(256),
      )
      return [i % 2 === 0 ? AF_INET : AF_INET6, Buffer.from(bytes).toString('hex')]
    })
    const program = 'answer([socket.inet_ntop(family, bytes.fromhex(text)) for family, text in input])'
    const ours = chances.map(([family, text]) => inet_ntop(family, Buffer.from(text, 'hex')))
    expect(ours).toEqual(askPython(program, chances))
    for (const [i, [family, text]] of chances.entries()) expect(ourBytes(family, ours[i])).toBe(text)
  })

  it('takes any view, and only what is in the view', () => {
    const memory = new SharedArrayBuffer(16)
    new Uint8Array(memory).set([9, 192, 0, 2, 1, 9])
    expect(inet_ntop(AF_INET, new Uint8Array(memory, 1, 4))).toBe('192.0.2.1')
    expect(inet_ntop(AF_INET, new DataView(memory, 1, 4))).toBe('192.0.2.1')
    expect(inet_ntop(AF_INET6, new Float64Array(2))).toBe('::')
    expect(inet_ntop(AF_INET, Buffer.from([127, 0, 0, 1]))).toBe('127.0.0.1')
  })

  it.each([
    [AF_INET, 0],
    [AF_INET, 3],
    [AF_INET, 5],
    [AF_INET, 16],
    [AF_INET6, 4],
    [AF_INET6, 15],
    [AF_INET6, 17],
  ])('of family %i refuses %i bytes', (family, length) => {
    expect(() => inet_ntop(family, new Uint8Array(length))).toThrow(RangeError)
  })

  it('refuses a detached buffer, and what is no buffer', () => {
    const bytes = new Uint8Array(4)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    expect(() => inet_ntop(AF_INET, bytes)).toThrow(TypeError)
    const untyped = inet_ntop as (...args: unknown[]) => unknown
    for (const value of [undefined, null, [127, 0, 0, 1], '127.0.0.1', new ArrayBuffer(4)]) {
      expect(() => untyped(AF_INET, value)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    }
  })
})

describe('byte order', () => {
  const SHORTS = [0, 1, 0xff, 0x100, 0x1234, 0x7fff, 0x8000, 0xffff]
  const LONGS = [0, 1, 0xff, 0x1234, 0x12345678, 0x7fffffff, 0x80000000, 0xff000000, 0xffffffff]

  it('is as the system has it', () => {
    const program =
      'answer([[getattr(socket, name)(number) for number in numbers] for name, numbers in input])'
    const theirs = askPython<number[][]>(program, [
      ['htons', SHORTS],
      ['ntohs', SHORTS],
      ['htonl', LONGS],
      ['ntohl', LONGS],
    ])
    expect([SHORTS.map(htons), SHORTS.map(ntohs), LONGS.map(htonl), LONGS.map(ntohl)]).toEqual(theirs)
  })

  it('goes back and forth', () => {
    for (const number of SHORTS) expect(ntohs(htons(number))).toBe(number)
    for (const number of LONGS) expect(ntohl(htonl(number))).toBe(number)
  })

  it('is the network’s in memory', () => {
    expect([...new Uint8Array(Uint16Array.of(htons(0x1234)).buffer)]).toEqual([0x12, 0x34])
    expect([...new Uint8Array(Uint32Array.of(htonl(0x12345678)).buffer)]).toEqual([0x12, 0x34, 0x56, 0x78])
  })

  it.each([
    ['htons', htons, 0x10000],
    ['ntohs', ntohs, 0x10000],
    ['htonl', htonl, 0x100000000],
    ['ntohl', ntohl, 0x100000000],
  ] as const)('%s refuses what does not fit', (_, call, first) => {
    for (const number of [first, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => call(number)).toThrow(RangeError)
    }
    for (const value of ['1', 1n, null, undefined]) {
      expect(() => (call as (value: unknown) => number)(value)).toThrow(TypeError)
    }
  })
})

/** A text that is an address, or nearly one. */
function chanceAddress(random: Random, family: number): string {
  const dotted = () => Array.from({ length: 4 }, () => random.below(256)).join('.')
  const group = () => random.below(0x10000).toString(16)
  let text = dotted()
  if (family === AF_INET6) {
    const groups = Array.from({ length: 8 }, group)
    if (random.below(4) === 0) groups.splice(6, 2, dotted())
    const gap = random.below(2) ? 1 + random.below(7) : 0
    if (gap > 0) groups.splice(random.below(groups.length - gap + 1), gap, '')
    text = groups.join(':').replace(/^:/, '::').replace(/:$/, '::')
  }
  for (let edits = Math.max(0, random.below(4) - 1); edits > 0; --edits) {
    const position = random.below(text.length + 1)
    const insert = random.pick(['', '0', '1', '9', 'f', 'g', '.', ':', '::', '%', ' ', 'x', '-', '256', 'é'])
    text = text.slice(0, position) + insert + text.slice(position + random.below(2))
  }
  return text
}
