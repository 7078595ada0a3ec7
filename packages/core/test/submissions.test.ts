import {
  CONTROL_WORDS,
  COUNTERS,
  Column,
  Control,
  HANDLE_BASE,
  type NativeReactor,
  Op,
  RECORD_WORDS,
  SLOT_SHIFT,
  TABLE_COLUMNS,
} from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { Chunks } from '../src/chunks.js'
import { Submissions } from '../src/submissions.js'

const CAPACITY = 4
const SEND_SLAB_BYTES = 256
const SLAB_BYTES = 256 * 1024

/** Takes submissions as the reactor does, and keeps what each socket was sent. */
class FakeReactor {
  readonly control = new Int32Array(CONTROL_WORDS)
  readonly ring = new Int32Array(CAPACITY * RECORD_WORDS)
  readonly table = new Float64Array(8 * TABLE_COLUMNS)
  readonly sendSlab: Buffer
  readonly chunks = new Chunks(new ArrayBuffer(SLAB_BYTES), new ArrayBuffer(SLAB_BYTES))
  readonly submissions: Submissions
  readonly sent = new Map<string, string>()
  /** Of every record taken. */
  readonly ops: number[] = []
  writes = 0

  constructor(sendSlabBytes = SEND_SLAB_BYTES) {
    this.sendSlab = Buffer.alloc(sendSlabBytes)
    const native = {
      submit: () => this.take(),
      write: (handle: number, bytes: Uint8Array) => {
        this.take()
        this.writes++
        this.add(handle % HANDLE_BASE, Math.floor(handle / HANDLE_BASE), Buffer.from(bytes))
        return 0
      },
    } as unknown as NativeReactor
    const { chunks, control, ring, sendSlab, table } = this
    this.submissions = new Submissions(
      native,
      chunks,
      control,
      ring,
      sendSlab,
      table,
      new Float64Array(COUNTERS),
    )
  }

  get pending(): number {
    return this.control[Control.SUBMITTED]
  }

  queued(slot: number): number {
    return this.table[slot * TABLE_COLUMNS + Column.QUEUED]
  }

  take(): void {
    expect(this.pending).toBeLessThanOrEqual(CAPACITY)
    for (let at = 0; at < this.pending * RECORD_WORDS; at += RECORD_WORDS) {
      const [head, generation, offset, length] = this.ring.subarray(at, at + RECORD_WORDS)
      const op = head & ((1 << SLOT_SHIFT) - 1)
      this.ops.push(op)
      let memory: ArrayBufferLike | undefined
      if (op === Op.WRITE) memory = this.sendSlab.buffer
      if (op === Op.WRITE_RECEIVED) memory = this.chunks.slab
      if (op === Op.WRITE_POOLED) memory = this.chunks.pool
      if (memory === undefined) continue
      const base = op === Op.WRITE ? this.sendSlab.byteOffset : 0
      this.add(head >>> SLOT_SHIFT, generation, Buffer.from(memory as ArrayBuffer, base + offset, length))
    }
    this.control[Control.SUBMITTED] = 0
    this.control[Control.SEND_CURSOR] = 0
  }

  private add(slot: number, generation: number, bytes: Buffer): void {
    const key = `${slot}/${generation}`
    this.sent.set(key, (this.sent.get(key) ?? '') + bytes.toString('latin1'))
  }
}

function writeAll(reactor: FakeReactor, slot: number, ...texts: string[]): void {
  for (const text of texts) {
    const bytes = Buffer.from(text)
    reactor.submissions.bytes(slot, 1, bytes, bytes.length)
  }
}

describe('submissions', () => {
  it('become one record for writes to one socket that follow each other', () => {
    const reactor = new FakeReactor()
    writeAll(reactor, 1, 'a', 'bc')
    reactor.submissions.text(1, 1, 'def', undefined)
    writeAll(reactor, 2, 'x')
    writeAll(reactor, 1, 'g')
    expect(reactor.pending).toBe(3)
    expect(reactor.queued(1)).toBe(7)
    reactor.take()
    expect(Object.fromEntries(reactor.sent)).toEqual({ '1/1': 'abcdefg', '2/1': 'x' })
  })

  it('keep apart the generations of a slot', () => {
    const reactor = new FakeReactor()
    reactor.submissions.text(1, 1, 'old', undefined)
    reactor.submissions.text(1, 2, 'new', undefined)
    reactor.take()
    expect(Object.fromEntries(reactor.sent)).toEqual({ '1/1': 'old', '1/2': 'new' })
  })

  it('are taken early when the ring is full, with no byte lost or overwritten', () => {
    const reactor = new FakeReactor()
    for (let i = 0; i < 50; i++) writeAll(reactor, i % 3, String(i), '.')
    reactor.take()
    for (const slot of [0, 1, 2]) {
      let expected = ''
      for (let i = slot; i < 50; i += 3) expected += `${i}.`
      expect(reactor.sent.get(`${slot}/1`)).toBe(expected)
    }
  })

  it('are taken early when the send slab is full', () => {
    const reactor = new FakeReactor()
    const texts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(i + 1))
    writeAll(reactor, 1, ...texts)
    for (const text of texts) reactor.submissions.text(2, 1, text, undefined)
    reactor.take()
    expect(reactor.sent.get('1/1')).toBe(texts.join(''))
    expect(reactor.sent.get('2/1')).toBe(texts.join(''))
  })

  it('hand bytes to the kernel at once that do not fit the send slab, behind the earlier ones', () => {
    const reactor = new FakeReactor()
    const large = 'L'.repeat(2000)
    writeAll(reactor, 1, 'before ', large, ' after')
    reactor.submissions.text(2, 1, large, undefined)
    reactor.take()
    expect(reactor.writes).toBe(2)
    expect(reactor.sent.get('1/1')).toBe(`before ${large} after`)
    expect(reactor.sent.get('2/1')).toBe(large)
    expect(reactor.queued(2)).toBe(2000)
  })

  it('encode strings as asked', () => {
    const reactor = new FakeReactor(64 * 1024)
    const texts = [
      'ascii',
      'häß',
      '漢字',
      '🎲',
      '',
      'twelve chars',
      'exactly 13 ch',
      '€'.repeat(500),
      '\ud800',
    ]
    for (const text of texts) reactor.submissions.text(1, 1, text, undefined)
    reactor.submissions.text(2, 1, 'häß', 'latin1')
    reactor.submissions.text(3, 1, 'c0ffee', 'hex')
    reactor.submissions.text(4, 1, 'hi', 'utf16le')
    reactor.submissions.text(5, 1, 'aGk=', 'base64')
    reactor.take()
    expect(reactor.sent.get('1/1')).toBe(Buffer.from(texts.join('')).toString('latin1'))
    expect(reactor.sent.get('2/1')).toBe('häß')
    expect(reactor.sent.get('3/1')).toBe('\xc0\xff\xee')
    expect(reactor.sent.get('4/1')).toBe('h\0i\0')
    expect(reactor.sent.get('5/1')).toBe('hi')
    expect(() => reactor.submissions.text(1, 1, 'x', 'no such' as BufferEncoding)).toThrow(TypeError)
  })

  it('refer to received bytes in place, and copy all others', () => {
    const reactor = new FakeReactor(64 * 1024)
    const { chunks, submissions } = reactor
    const received = chunks.borrowed(64, 10)
    received.write('0123456789')
    submissions.bytes(1, 1, received, 10)
    const pooled = chunks.pooled(8, 1000)
    pooled.fill('p')
    submissions.bytes(1, 1, pooled, 1000)
    chunks.release()
    // No longer the current chunk, but still in the pool.
    const part = pooled.subarray(100, 800)
    submissions.bytes(1, 1, part, part.length)
    const own = Buffer.alloc(700, 'o')
    submissions.bytes(1, 1, own, 700)
    own.fill('!')
    expect(reactor.queued(1)).toBe(10 + 1000 + 700 + 700)
    reactor.take()
    expect(reactor.ops).toEqual([Op.WRITE_RECEIVED, Op.WRITE_POOLED, Op.WRITE_POOLED, Op.WRITE])
    expect(reactor.sent.get('1/1')).toBe(`0123456789${'p'.repeat(1700)}${'o'.repeat(700)}`)
  })

  it('of what may change at once copy a short write, and hand a long one over', () => {
    const reactor = new FakeReactor(64 * 1024)
    const { chunks, submissions } = reactor
    const received = chunks.pooled(8, 5000)
    received.fill('r')
    submissions.copy(1, 1, received.subarray(0, 1000), 1000)
    received.fill('!')
    expect(reactor.writes).toBe(0)
    received.fill('l')
    submissions.copy(2, 1, received, 5000)
    expect(reactor.writes).toBe(1)
    received.fill('!')
    reactor.take()
    expect(reactor.sent.get('1/1')).toBe('r'.repeat(1000))
    expect(reactor.sent.get('2/1')).toBe('l'.repeat(5000))
    expect(reactor.ops).toEqual([Op.WRITE])
  })

  it('make one record of a head and a long body, which may change at once', () => {
    const reactor = new FakeReactor(64 * 1024)
    const body = Buffer.alloc(5000, 'b')
    reactor.submissions.text(1, 1, 'head', undefined)
    reactor.submissions.copy(1, 1, body, body.length)
    body.fill('!')
    expect(reactor.pending).toBe(1)
    expect(reactor.writes).toBe(0)
    // For another socket, or another in the same slot, there is nothing to be one with.
    reactor.submissions.copy(2, 1, body, body.length)
    reactor.submissions.text(1, 1, 'next', undefined)
    reactor.submissions.copy(1, 2, body, body.length)
    expect(reactor.writes).toBe(2)
    reactor.take()
    expect(reactor.sent.get('1/1')).toBe(`head${'b'.repeat(5000)}next`)
    expect(reactor.sent.get('1/2')).toBe('!'.repeat(5000))
  })

  it('copy the chunks of an old slab', () => {
    const reactor = new FakeReactor(64 * 1024)
    const old = reactor.chunks.kept(0, 5000)
    old.fill('k')
    reactor.chunks.replaceSlab(new ArrayBuffer(SLAB_BYTES))
    reactor.submissions.bytes(1, 1, old, 5000)
    reactor.take()
    expect(reactor.ops).toEqual([Op.WRITE])
    expect(reactor.sent.get('1/1')).toBe('k'.repeat(5000))
  })

  it('of nothing are no record', () => {
    const reactor = new FakeReactor()
    writeAll(reactor, 1, '')
    reactor.submissions.text(1, 1, '', undefined)
    expect(reactor.pending).toBe(0)
  })
})
