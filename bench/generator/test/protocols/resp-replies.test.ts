import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplyReader, type ReplySink } from '../../src/protocols/resp-replies.js'

/** Keeps what the reader tells. */
class Kept implements ReplySink {
  readonly wantsContents: boolean
  readonly told: string[] = []
  private open = ''

  constructor(wantsContents = true) {
    this.wantsContents = wantsContents
  }
  line(type: string, text: string) {
    this.told.push(type + text)
  }
  string(length: number) {
    this.open = ''
    this.told.push(`$${length}`)
  }
  piece(bytes: Buffer, start: number, end: number) {
    // What was told of the string so far is replaced by all of it.
    if (this.open !== '') this.told.pop()
    this.open += bytes.toString('latin1', start, end)
    this.told.push(`"${this.open}"`)
  }
  reply(failure: string | undefined) {
    this.told.push(failure === undefined ? 'reply' : `reply ${failure}`)
  }
}

function read(text: string, cuts: number[] = []): string[] {
  const kept = new Kept()
  const reader = new ReplyReader(kept)
  const bytes = Buffer.from(text, 'latin1')
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i++) reader.read(bytes.subarray(places[i - 1], places[i]))
  expect(reader.between).toBe(true)
  return kept.told
}

const EVERY_TYPE =
  '+OK\r\n:-1\r\n$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n' +
  '*3\r\n:1\r\n*2\r\n+a\r\n$2\r\n\r\n\r\n_\r\n' +
  '%1\r\n+key\r\n*1\r\n#t\r\n~2\r\n,1.5\r\n(123\r\n=7\r\ntxt:abc\r\n' +
  '>2\r\n+invalidate\r\n*1\r\n+key\r\n|1\r\n+ttl\r\n:1\r\n+after attributes\r\n' +
  '-WRONGTYPE Operation against a key\r\n!12\r\nSYNTAX error\r\n*2\r\n:1\r\n-ERR inside\r\n'

describe('the reader of RESP replies', () => {
  it('counts simple strings, numbers and nulls as one reply each', () => {
    expect(read('+OK\r\n:42\r\n_\r\n')).toEqual(['+OK', 'reply', ':42', 'reply', '_', 'reply'])
  })

  it('hands out strings, also those with line ends in them', () => {
    expect(read('$4\r\n\r\n\r\n\r\n$0\r\n\r\n')).toEqual(['$4', '"\r\n\r\n"', 'reply', '$0', 'reply'])
  })

  it('knows both nulls of RESP2', () => {
    expect(read('$-1\r\n*-1\r\n')).toEqual(['$-1', 'reply', '$-1', 'reply'])
  })

  it('counts a nested array as one reply', () => {
    const text = '*3\r\n*2\r\n:1\r\n*0\r\n*1\r\n*1\r\n$1\r\nx\r\n+end\r\n'
    expect(read(text).filter((told) => told.startsWith('reply'))).toEqual(['reply'])
    expect(read('*0\r\n')).toEqual(['reply'])
  })

  it('counts maps, sets, attributes and their reply as one, and pushes not at all', () => {
    const replies = (text: string) => read(text).filter((told) => told.startsWith('reply')).length
    expect(replies('%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n:2\r\n')).toBe(1)
    expect(replies('|1\r\n+ttl\r\n:3600\r\n*1\r\n+x\r\n')).toBe(1)
    expect(replies('>2\r\n+message\r\n+x\r\n+OK\r\n>0\r\n')).toBe(1)
  })

  it('names errors by their first word, wherever they stand', () => {
    expect(read('-ERR unknown command\r\n').at(-1)).toBe('reply -ERR')
    expect(read('*2\r\n:1\r\n-WRONGTYPE no\r\n').at(-1)).toBe('reply -WRONGTYPE')
    expect(read('!21\r\nSYNTAX invalid syntax\r\n').at(-1)).toBe('reply -SYNTAX')
    expect(read('-ERR one\r\n+OK\r\n').at(-1)).toBe('reply')
  })

  it('says the same however the bytes are cut', () => {
    const whole = read(EVERY_TYPE)
    for (let cut = 0; cut <= EVERY_TYPE.length; cut++) expect(read(EVERY_TYPE, [cut])).toEqual(whole)
    const cuts = fc.array(fc.nat(EVERY_TYPE.length), { maxLength: 40 })
    fc.assert(fc.property(cuts, (places) => void expect(read(EVERY_TYPE, places)).toEqual(whole)))
  })

  it('counts the same where nobody wants the contents', () => {
    const kept = new Kept(false)
    new ReplyReader(kept).read(Buffer.from(EVERY_TYPE, 'latin1'))
    expect(kept.told).toEqual(read(EVERY_TYPE).filter((told) => told.startsWith('reply')))
  })

  it('is in the midst of a reply until its last byte', () => {
    const text = '*2\r\n$2\r\nab\r\n:1\r\n'
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new ReplyReader(new Kept())
      reader.read(Buffer.from(text.slice(0, cut)))
      expect(reader.between).toBe(false)
    }
  })

  it.each([
    ['a type that is none', 'HTTP/1.1 400\r\n', /no type of RESP begins with byte 72 \("H"\)/],
    ['a length without digits', '$\r\n', /a length of RESP has the byte 13/],
    ['a streamed value', '$?\r\n', /streamed values are not understood/],
    ['a length that no string has', '$99999999999\r\n', /too many digits/],
    ['a negative length', '$-2\r\n', /a length of -2/],
    ['a string that is longer than it says', '$2\r\nabc\r\n', /byte 99 where RESP has \\r/],
    ['a line that ends wrongly', '+OK\rX', /byte 88 where RESP has \\n/],
  ])('refuses %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})
