/**
 * How a channel's datagrams get into the submission ring: as a reference to where they were received, or as a header
 * and a payload in the send slab.
 */
import { DatagramWord, datagramPayloadAt, HANDLE_BASE, MAX_DATAGRAM_BYTES, Op } from '@pollux/native-poll'
import { checkNotRevoked } from '../debug.js'
import { invalidArgType, outOfRange } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { checkInteger } from '../validate.js'

const { BYTES, ADDRESS_BYTES, SEGMENT_BYTES, FLAGS } = DatagramWord
const { REPLY_DATAGRAM, SEND_DATAGRAM, FORWARD_DATAGRAM } = Op

/** Where the sockaddr begins, in words after the header's first. */
export const ADDRESS = 4

/** Up to here a copy costs no more than looking where the bytes are. */
const SMALL_BYTES = 512

const MAX_SEGMENT_BYTES = 65_535

export class DatagramSender {
  private readonly loop: EventLoop
  private readonly slot: number
  private readonly generation: number

  constructor(loop: EventLoop, slot: number, generation: number) {
    this.loop = loop
    this.slot = slot
    this.generation = generation
  }

  /** Sends `length` bytes of the payload behind a received header to the address in it. */
  reply(header: number, length: number): void {
    this.loop.submissions.push(REPLY_DATAGRAM, this.slot, this.generation, header, length)
  }

  /** Sends bytes to the address that stands in `words` from `at` on. */
  transmit(
    data: Uint8Array,
    words: Int32Array,
    at: number,
    addressBytes: number,
    segmentBytes: number,
  ): void {
    if (!(data instanceof Uint8Array)) throw invalidArgType('data', 'an instance of Uint8Array', data)
    const length = data.length
    if (length > MAX_DATAGRAM_BYTES) throw outOfRange('data.length', `<= ${MAX_DATAGRAM_BYTES}`, length)
    if (length === 0) checkNotRevoked(data)
    if (segmentBytes !== 0) checkInteger(segmentBytes, 'segmentBytes', 1, MAX_SEGMENT_BYTES)
    const { submissions, reactor, chunks } = this.loop
    if (length > SMALL_BYTES && data.buffer === chunks.slab) {
      this.forward(words, at, addressBytes, data.byteOffset, length, segmentBytes)
      return
    }
    const head = datagramPayloadAt(addressBytes)
    if (head + length > submissions.slab.length) {
      const address = addressBytes === 0 ? null : new Uint8Array(words.buffer, at * 4, addressBytes)
      reactor.sendDatagram(this.generation * HANDLE_BASE + this.slot, data, address, segmentBytes)
      return
    }
    const cursor = submissions.reserveDatagram(head + length)
    this.writeHeader(cursor >> 2, words, at, addressBytes, length, segmentBytes)
    submissions.slab.set(data, cursor + head)
    submissions.push(SEND_DATAGRAM, this.slot, this.generation, cursor, length)
  }

  /** Sends bytes of the receive slab without a copy. */
  forward(
    words: Int32Array,
    at: number,
    addressBytes: number,
    payload: number,
    length: number,
    segmentBytes: number,
  ): void {
    const cursor = this.loop.submissions.reserveDatagram(datagramPayloadAt(addressBytes))
    this.writeHeader(cursor >> 2, words, at, addressBytes, length, segmentBytes)
    this.loop.submissions.push(FORWARD_DATAGRAM, this.slot, this.generation, cursor, payload)
  }

  private writeHeader(
    to: number,
    words: Int32Array,
    at: number,
    addressBytes: number,
    length: number,
    segmentBytes: number,
  ): void {
    const out = this.loop.submissions.words
    out[to + BYTES] = length
    out[to + ADDRESS_BYTES] = addressBytes
    out[to + SEGMENT_BYTES] = segmentBytes
    out[to + FLAGS] = 0
    const count = (addressBytes + 3) >> 2
    for (let i = 0; i < count; i++) out[to + ADDRESS + i] = words[at + i]
  }
}
