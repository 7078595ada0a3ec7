/**
 * What handlers ask of the reactor: records in the submission ring, and the bytes that they write in the send slab.
 *
 * ```
 *   ring: [ WRITE 7 | WRITE_RECEIVED 3 | END 7 |        ]     taken by the reactor when the dispatch returns,
 *   slab: [ hello, 7 | ...                              ]     or before the loop blocks
 * ```
 *
 * Bytes travel one of three ways: by reference, where they are still in the receive slab or the pool; copied into
 * the send slab; or, when there are many, handed to the kernel at once. A reference is a record of its own; copies
 * to the same socket that follow each other are one record.
 */
import {
  Column,
  Control,
  Counter,
  HANDLE_BASE,
  type NativeReactor,
  Op,
  RECORD_WORDS,
  SLOT_SHIFT,
  TABLE_COLUMNS,
} from '@pollux/native-poll'
import type { Chunks } from './chunks.js'
import { checkNotRevoked } from './debug.js'

const { SUBMITTED, SEND_CURSOR } = Control
const { WRITE, WRITE_RECEIVED, WRITE_POOLED } = Op
const { QUEUED } = Column

/** Up to here a copy costs no more than looking where the bytes are. */
const SMALL_BYTES = 512

/** From here on a copy costs more than a system call. */
const MAX_COPIED_BYTES = 64 * 1024

/**
 * Of a longer write no copy is made where nothing else is on its way to that socket: what it takes is a system call in
 * any case, and at once its bytes are still in the cache (data64KiBx10 of the bench: 1.1 ×).
 */
const ALONE_BYTES = 2 * 1024

/** UTF-8 takes at most 3 bytes for each UTF-16 unit of a string; the other encodings take less. */
export const MAX_BYTES_PER_UNIT = 3

/** Up to here a loop over an ASCII string is faster than the call that encodes it. */
const SHORT_STRING = 12

export class Submissions {
  /** The socket table; replaced when it grows. */
  table: Float64Array
  /** The send slab, and the same as 32-bit words. */
  readonly slab: Buffer
  readonly words: Int32Array
  /** From so many bytes of backlog on, `onAlarm` is called after something was handed to the reactor. */
  alarmBytes = Number.POSITIVE_INFINITY
  onAlarm: () => void = () => {}
  private readonly reactor: NativeReactor
  private readonly chunks: Chunks
  private readonly control: Int32Array
  private readonly ring: Int32Array
  private readonly capacity: number
  private readonly maxCopiedBytes: number
  private readonly counters: Float64Array
  /** A message is being written into the send slab: where it ends is not known yet. */
  private isEncoding = false

  constructor(
    reactor: NativeReactor,
    chunks: Chunks,
    control: Int32Array,
    ring: Int32Array,
    sendSlab: Buffer,
    table: Float64Array,
    counters: Float64Array,
  ) {
    this.table = table
    this.counters = counters
    this.reactor = reactor
    this.chunks = chunks
    this.control = control
    this.ring = ring
    this.slab = sendSlab
    this.words = new Int32Array(sendSlab.buffer, sendSlab.byteOffset, sendSlab.length >> 2)
    this.capacity = ring.length / RECORD_WORDS
    this.maxCopiedBytes = Math.min(MAX_COPIED_BYTES, sendSlab.length)
  }

  /** Records an operation; `a` and `b` as in `Op`. */
  push(op: number, slot: number, generation: number, a: number, b: number): void {
    const control = this.control
    if (control[SUBMITTED] >= this.capacity) this.makeRoom(0)
    const count = control[SUBMITTED]
    const ring = this.ring
    const at = count * RECORD_WORDS
    ring[at] = op | (slot << SLOT_SHIFT)
    ring[at + 1] = generation
    ring[at + 2] = a
    ring[at + 3] = b
    control[SUBMITTED] = count + 1
  }

  /** Lets the kernel have at once what was submitted; afterwards the table says what it did not take. */
  flush(): void {
    this.reactor.submit()
    if (this.counters[Counter.backlogBytes] >= this.alarmBytes) this.onAlarm()
  }

  /** No turn will end any more: what other listeners of the process's `exit` write leaves at once. */
  flushEachWrite(): void {
    const { commit, reference } = Submissions.prototype
    this.commit = (...written) => {
      commit.apply(this, written)
      this.flush()
    }
    this.reference = (...written) => {
      reference.apply(this, written)
      this.flush()
    }
  }

  /**
   * Sends bytes and adds them to the socket's queue. Until the present handler has returned (or, outside of one,
   * until the loop goes round) received chunks must stay unchanged; all others are copied before this returns.
   *
   * @param length `bytes.length`, which the caller has at hand
   */
  bytes(slot: number, generation: number, bytes: Uint8Array, length: number): void {
    const chunks = this.chunks
    if (bytes === chunks.current) {
      this.reference(chunks.currentOp, slot, generation, chunks.currentOffset, length)
      return
    }
    if (length > SMALL_BYTES) {
      const memory = bytes.buffer
      // The slab and the pool outlive the record: before others take their place, the reactor sends what refers to
      // them. It receives into them only where no kept chunk is, and only after it took all records. (A borrowed
      // chunk from an earlier dispatch is garbage already, copied or not.)
      if (memory === chunks.slab) {
        this.reference(WRITE_RECEIVED, slot, generation, bytes.byteOffset, length)
        return
      }
      if (memory === chunks.pool) {
        this.reference(WRITE_POOLED, slot, generation, bytes.byteOffset, length)
        return
      }
    }
    this.put(slot, generation, bytes, length, this.maxCopiedBytes)
  }

  /** As `bytes`, but nothing refers to the memory once this returns: received chunks, too, may change from then on. */
  copy(slot: number, generation: number, bytes: Uint8Array, length: number): void {
    const most = this.isWritingTo(slot, generation) ? this.maxCopiedBytes : ALONE_BYTES
    this.put(slot, generation, bytes, length, most)
  }

  /** Encodes a string, sends it and adds it to the socket's queue. @returns its bytes */
  text(slot: number, generation: number, text: string, encoding: BufferEncoding | undefined): number {
    const most = text.length * MAX_BYTES_PER_UNIT
    if (most > this.maxCopiedBytes) {
      const bytes = Buffer.from(text, encoding)
      this.bytes(slot, generation, bytes, bytes.length)
      return bytes.length
    }
    const cursor = this.reserve(most)
    let length = -1
    if (encoding === undefined && text.length <= SHORT_STRING) length = writeAscii(this.slab, text, cursor)
    if (length < 0) length = this.slab.write(text, cursor, most, encoding)
    if (length > 0) this.commit(slot, generation, cursor, length)
    return length
  }

  /**
   * A place for a datagram's header and what follows it in the send slab, on a multiple of 16 bytes; the record that
   * speaks of it must be the next.
   *
   * @param length at most that of the slab
   */
  reserveDatagram(length: number): number {
    if (this.isEncoding) refuse()
    const control = this.control
    let cursor = (control[SEND_CURSOR] + 15) & ~15
    if (control[SUBMITTED] >= this.capacity || cursor + length > this.slab.length) {
      this.reactor.submit()
      cursor = 0
    }
    control[SEND_CURSOR] = cursor + length
    return cursor
  }

  /**
   * A place for a message that is written straight into the send slab: where it begins, with `room` bytes or more until
   * the slab ends. Until `endMessage` nothing else may be copied there.
   */
  openMessage(room: number): number {
    const cursor = this.reserve(room)
    this.isEncoding = true
    return cursor
  }

  /** The message is written, or given up. */
  endMessage(): void {
    this.isEncoding = false
  }

  /** Sends the message that `openMessage` made room for, and adds it to the socket's queue. */
  sendMessage(slot: number, generation: number, cursor: number, length: number): void {
    this.commit(slot, generation, cursor, length)
  }

  /** Whether bytes of that length may be placed: more of them are cheaper to hand to the kernel than to copy. */
  canPlace(length: number): boolean {
    return length <= this.maxCopiedBytes
  }

  /**
   * Copies bytes that several sockets are to get into the send slab, once. They stay there until anything else is asked
   * of this object but `sendPlaced`.
   *
   * @returns where they are, for `sendPlaced`
   */
  place(bytes: Uint8Array): number {
    const cursor = this.reserve(bytes.length)
    this.slab.set(bytes, cursor)
    this.control[SEND_CURSOR] = cursor + bytes.length
    return cursor
  }

  /** Sends placed bytes to one more socket, and adds them to its queue. */
  sendPlaced(slot: number, generation: number, cursor: number, length: number): void {
    const { control } = this
    if (control[SUBMITTED] >= this.capacity) {
      this.reactor.submit()
      // The reactor has only read them: they are where they were, and what comes next goes behind them.
      control[SEND_CURSOR] = cursor + length
    }
    this.push(WRITE, slot, generation, cursor, length)
    this.table[slot * TABLE_COLUMNS + QUEUED] += length
  }

  /** Sends bytes: copied up to `most` of them, and else at once. */
  private put(slot: number, generation: number, bytes: Uint8Array, length: number, most: number): void {
    if (length > most || length > this.maxCopiedBytes) {
      this.table[slot * TABLE_COLUMNS + QUEUED] += length
      // A stale handle is no news: its CLOSED event is on the way.
      this.reactor.write(generation * HANDLE_BASE + slot, bytes)
      if (this.counters[Counter.backlogBytes] >= this.alarmBytes) this.onAlarm()
    } else if (length === 0) {
      checkNotRevoked(bytes)
    } else {
      const cursor = this.reserve(length)
      this.slab.set(bytes, cursor)
      this.commit(slot, generation, cursor, length)
    }
  }

  /** Whether the last record is of copies for that socket: what is copied next may be one with them. */
  private isWritingTo(slot: number, generation: number): boolean {
    const last = (this.control[SUBMITTED] - 1) * RECORD_WORDS
    const { ring } = this
    return last >= 0 && ring[last] === (WRITE | (slot << SLOT_SHIFT)) && ring[last + 1] === generation
  }

  private reference(op: number, slot: number, generation: number, offset: number, length: number): void {
    this.push(op, slot, generation, offset, length)
    this.table[slot * TABLE_COLUMNS + QUEUED] += length
  }

  /**
   * Makes room for `length` bytes and for the record that will speak of them; where the bytes go.
   *
   * @throws Error while a message is being encoded: they would be written over each other
   */
  private reserve(length: number): number {
    if (this.isEncoding) refuse()
    const control = this.control
    if (control[SUBMITTED] >= this.capacity || control[SEND_CURSOR] + length > this.slab.length) {
      this.makeRoom(length)
    }
    return control[SEND_CURSOR]
  }

  private makeRoom(length: number): void {
    const control = this.control
    this.flush()
    // An alarm has put something there again.
    if (control[SUBMITTED] >= this.capacity || control[SEND_CURSOR] + length > this.slab.length) {
      this.reactor.submit()
    }
  }

  private commit(slot: number, generation: number, cursor: number, length: number): void {
    const control = this.control
    const ring = this.ring
    control[SEND_CURSOR] = cursor + length
    this.table[slot * TABLE_COLUMNS + QUEUED] += length
    const last = (control[SUBMITTED] - 1) * RECORD_WORDS
    // As a rule the last copy ends where this one begins. Placed bytes may be elsewhere.
    if (this.isWritingTo(slot, generation) && ring[last + 2] + ring[last + 3] === cursor) {
      ring[last + 3] += length
    } else {
      this.push(WRITE, slot, generation, cursor, length)
    }
  }
}

/** How many bytes it wrote, or -1 if the string is not ASCII. */
function writeAscii(slab: Buffer, text: string, cursor: number): number {
  const length = text.length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return -1
    slab[cursor + i] = unit
  }
  return length
}

/** What is written would be written over the message, and the message over it. */
function refuse(): never {
  throw new Error('encode() of a codec may not write to a connection, only to its output')
}
