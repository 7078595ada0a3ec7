/** Where codecs write messages: as a rule straight into the send slab of the event loop. */
import { isUint8Array } from 'node:util/types'
import { invalidArgType, MAX_BYTES_PER_UNIT, type Submissions } from '@pollux/core'

/** Room that a message finds in the send slab; one that needs more goes to memory of its own. */
const SLAB_ROOM = 4096

/** Up to here a loop over an ASCII string is faster than the call that encodes it. */
const SHORT_TEXT = 12

/** The methods behind `write`, without its checks. */
type WritingBuffer = Buffer & {
  utf8Write(text: string, at: number, most: number): number
  latin1Write(text: string, at: number, most: number): number
}

const NOTHING = Buffer.alloc(0)

/**
 * One message on its way out.
 *
 * ```
 *   buffer: [ .... | h e l l o |            ]
 *                  ^ start     ^ at
 * ```
 *
 * `reserve`, and each method that appends, may move the message to other memory: `buffer`, `start` and `at` change then,
 * offsets from `start` do not.
 */
export class Output {
  /** The memory; after `reserve(n)`, `n` bytes from `at` on are yours to write. */
  buffer: Buffer = NOTHING
  /** Where the next byte goes. */
  at = 0
  /** Where this message begins. */
  start = 0
  /** Internal: whether the message is in the send slab. */
  inSlab = false
  private limit = 0

  /** How many bytes the message has so far. */
  get length(): number {
    return this.at - this.start
  }

  /** Makes room for so many bytes at `at`. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.limit) this.grow(bytes)
  }

  /** Appends one byte. */
  byte(value: number): void {
    if (this.at === this.limit) this.grow(1)
    this.buffer[this.at++] = value
  }

  /** Appends bytes. */
  bytes(data: Uint8Array): void {
    if (!isUint8Array(data)) throw invalidArgType('data', 'an instance of Uint8Array', data)
    this.reserve(data.length)
    this.buffer.set(data, this.at)
    this.at += data.length
  }

  /** Appends text. */
  text(text: string, encoding: BufferEncoding = 'utf8'): void {
    const { length } = text
    this.reserve(length * MAX_BYTES_PER_UNIT)
    if (encoding === 'utf8' || encoding === 'latin1') {
      if (length <= SHORT_TEXT && this.shortText(text, length)) return
      const buffer = this.buffer as WritingBuffer
      const write = encoding === 'utf8' ? buffer.utf8Write : buffer.latin1Write
      this.at += write.call(buffer, text, this.at, length * MAX_BYTES_PER_UNIT)
    } else {
      this.at += this.buffer.write(text, this.at, encoding)
    }
  }

  /** Appends an unsigned integer of two bytes. */
  uint16(value: number, littleEndian = false): void {
    this.reserve(2)
    this.at = littleEndian
      ? this.buffer.writeUInt16LE(value, this.at)
      : this.buffer.writeUInt16BE(value, this.at)
  }

  /** Appends an unsigned integer of four bytes. */
  uint32(value: number, littleEndian = false): void {
    this.reserve(4)
    this.at = littleEndian
      ? this.buffer.writeUInt32LE(value, this.at)
      : this.buffer.writeUInt32BE(value, this.at)
  }

  /** Appends an unsigned integer of eight bytes. */
  uint64(value: bigint, littleEndian = false): void {
    this.reserve(8)
    this.at = littleEndian
      ? this.buffer.writeBigUInt64LE(value, this.at)
      : this.buffer.writeBigUInt64BE(value, this.at)
  }

  // From here on: called by those who send messages.

  /** Internal: a message begins, in the send slab of a loop. */
  open(submissions: Submissions): void {
    this.start = submissions.openMessage(SLAB_ROOM)
    this.at = this.start
    this.buffer = submissions.slab
    this.limit = this.buffer.length
    this.inSlab = true
  }

  /** Internal: a message begins, in memory of its own. */
  openDetached(): void {
    this.buffer = Buffer.allocUnsafeSlow(SLAB_ROOM)
    this.start = 0
    this.at = 0
    this.limit = SLAB_ROOM
    this.inSlab = false
  }

  /** Internal: a message begins in the memory that the one before was in, where that has been copied meanwhile. */
  reopenDetached(): void {
    if (this.inSlab || this.limit === 0) this.openDetached()
    this.start = 0
    this.at = 0
  }

  /** Internal: the message in memory of its own, which the send slab is not: what is submitted next would write over it. */
  detached(): Buffer {
    return this.inSlab ? Buffer.from(this.view()) : this.view()
  }

  /** Internal: the message so far, as a view. */
  view(): Buffer {
    return this.buffer.subarray(this.start, this.at)
  }

  private shortText(text: string, length: number): boolean {
    const { buffer, at } = this
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return false
      buffer[at + i] = unit
    }
    this.at = at + length
    return true
  }

  private grow(bytes: number): void {
    const length = this.at - this.start
    const size = Math.max(length + bytes, length * 2)
    const larger = Buffer.allocUnsafeSlow(size)
    this.buffer.copy(larger, 0, this.start, this.at)
    this.buffer = larger
    this.start = 0
    this.at = length
    this.limit = size
    this.inSlab = false
  }
}
