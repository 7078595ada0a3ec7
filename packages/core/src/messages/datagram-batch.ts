/** Many datagrams in one block of memory, for sendmmsg and recvmmsg. */
import { markAsUntransferable } from 'node:worker_threads'
import { DatagramRecord, RECORD_ADDRESS_BYTES } from '@pollux/native-poll'
import type { Endpoint, SocketAddress } from '../address.js'
import { EncodedAddress, readAddress, writeAddress } from '../encoded-address.js'
import { invalidArgType, outOfRange } from '../errors.js'
import { byteLengthOf } from '../sockets/views.js'
import { checkInteger, checkObject } from '../validate.js'

const { BYTES, FLAGS, SEGMENT_BYTES, ADDRESS_BYTES, DATAGRAM_BYTES, ADDRESS, PAYLOAD, ALIGNMENT } =
  DatagramRecord
const HEADER_BYTES = PAYLOAD
const MAX_CAPACITY = 1024
const MAX_PAYLOAD = 2 ** 24
const MAX_BUFFER = 2 ** 31 - 1
const MAX_SEGMENT = 2 ** 16 - 1

/** For the modules of this package: throws a TypeError unless it is a batch, and does not only look like one. */
export let checkBatch: (value: unknown) => void

/** Word of the header, from its place in bytes. */
const word = (place: number) => place / 4

/** The size of a {@link DatagramBatch}. */
export interface DatagramBatchOptions {
  /** How many datagrams there is room for: 1 to 1024, which is the most that Linux takes in one call. */
  capacity: number
  /** The longest datagram in bytes. With GSO or GRO 65 535; Unix sockets take longer ones. */
  maxBytes: number
}

/**
 * Datagrams for `sendmmsg`, or from `recvmmsg`: their bytes, addresses and flags stand in one ArrayBuffer, and an object
 * is made only by those methods that say so. An address stays in the kernel's form until `address` is called.
 *
 * A batch that was received can be sent back as it is, or elsewhere after `setAddress`. Sending begins at entry `sent`
 * and moves it on; so what the kernel did not take goes with the next call, and nothing is sent twice.
 *
 * @example
 * ```ts
 * import { AF_INET, DatagramBatch, SOCK_DGRAM, socket } from '@pollux/core'
 *
 * const udp = socket(AF_INET, SOCK_DGRAM)
 * udp.bind({ host: '127.0.0.1', port: 0 })
 * const batch = new DatagramBatch({ capacity: 64, maxBytes: 1500 })
 * batch.push(Buffer.from('one'), udp.getsockname())
 * batch.push(Buffer.from('two'), udp.getsockname())
 * udp.trySendmmsg(batch) // 2
 *
 * await udp.recvmmsg(batch, 0, { timeoutMs: 1000 }) // 2
 * for (let i = 0; i < batch.count; i++) console.log(batch.data(i).toString())
 * udp.close()
 * ```
 */
export class DatagramBatch {
  /** How many datagrams there is room for. */
  readonly capacity: number
  /** The longest datagram in bytes. */
  readonly maxBytes: number
  /** All of it, for reading payloads without a view of each: see `dataOffset`. */
  readonly buffer: ArrayBuffer
  readonly #stride: number
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  #count = 0
  #sent = 0

  /** @throws TypeError, RangeError (also where it would be 2 GiB or more) */
  constructor(options: DatagramBatchOptions) {
    checkObject(options, 'options')
    this.capacity = checkInteger(options.capacity, 'options.capacity', 1, MAX_CAPACITY)
    this.maxBytes = checkInteger(options.maxBytes, 'options.maxBytes', 0, MAX_PAYLOAD)
    this.#stride = Math.ceil((HEADER_BYTES + this.maxBytes) / ALIGNMENT) * ALIGNMENT
    const size = this.capacity * this.#stride
    if (size > MAX_BUFFER) throw outOfRange('options.capacity * maxBytes', 'less than 2 GiB', size)
    this.buffer = new ArrayBuffer(size)
    markAsUntransferable(this.buffer)
    this.#bytes = new Uint8Array(this.buffer)
    this.#words = new Uint32Array(this.buffer)
  }

  static {
    checkBatch = (value) => {
      if (typeof value === 'object' && value !== null && #words in value) return
      throw invalidArgType('batch', 'a DatagramBatch', value)
    }
  }

  /** How many datagrams it holds. */
  get count(): number {
    return this.#count
  }

  /** How many of them, from the first on, have been sent. */
  get sent(): number {
    return this.#sent
  }

  /** Holds nothing any more. */
  clear(): void {
    this.#count = 0
    this.#sent = 0
  }

  /** Nothing of it counts as sent: it can be sent once more. */
  rewind(): void {
    this.#sent = 0
  }

  /** Counts the next datagram as sent, so that one which the kernel refuses does not hold up the others. */
  skip(): void {
    if (this.#sent < this.#count) this.#sent++
  }

  /**
   * Adds a datagram; its bytes are copied.
   *
   * @param address where to, with a numeric host; undefined: the connected peer
   * @param segmentBytes UDP_SEGMENT (udp(7)): the kernel cuts the data into datagrams of so many bytes; 0: it is one
   * @returns false where the batch is full
   * @throws RangeError where it is longer than `maxBytes`
   */
  push(data: ArrayBufferView, address?: Endpoint | EncodedAddress, segmentBytes = 0): boolean {
    const length = byteLengthOf(data, 'data')
    if (length > this.maxBytes) throw outOfRange('data.byteLength', `<= ${this.maxBytes} (maxBytes)`, length)
    checkInteger(segmentBytes, 'segmentBytes', 0, MAX_SEGMENT)
    if (this.#count === this.capacity) return false
    const at = this.#begin(length, segmentBytes)
    this.#writeAddress(at, address)
    this.#bytes.set(new Uint8Array(data.buffer, data.byteOffset, length), at + PAYLOAD)
    this.#count++
    return true
  }

  /**
   * Adds a copy of an entry of another batch, without an allocation.
   *
   * @param address where to; default: the address that it has there
   * @returns false where the batch is full
   */
  pushFrom(batch: DatagramBatch, index: number, address?: EncodedAddress): boolean {
    checkBatch(batch)
    const from = batch.#at(index)
    const length = batch.bytes(index)
    if (length > this.maxBytes) throw outOfRange('bytes', `<= ${this.maxBytes} (maxBytes)`, length)
    if (this.#count === this.capacity) return false
    const at = this.#begin(length, batch.segmentBytes(index))
    if (address === undefined) {
      const addressBytes = batch.#addressBytes(from)
      this.#words[word(at + ADDRESS_BYTES)] = addressBytes
      copy(batch.#bytes, from + ADDRESS, this.#bytes, at + ADDRESS, addressBytes)
    } else {
      this.#writeAddress(at, address)
    }
    copy(batch.#bytes, from + PAYLOAD, this.#bytes, at + PAYLOAD, length)
    this.#count++
    return true
  }

  /** The bytes of an entry, as a view of the batch (an object): valid until the entry is overwritten. */
  data(index: number): Buffer {
    return Buffer.from(this.buffer, this.#at(index) + PAYLOAD, this.bytes(index))
  }

  /** Where the bytes of an entry begin in `buffer`. */
  dataOffset(index: number): number {
    return this.#at(index) + PAYLOAD
  }

  /** How many bytes an entry has. */
  bytes(index: number): number {
    return Math.min(this.#words[word(this.#at(index) + BYTES)], this.maxBytes)
  }

  /** Makes an entry longer or shorter; the bytes are those that stand in `buffer`. */
  setBytes(index: number, bytes: number): void {
    this.#words[word(this.#at(index) + BYTES)] = checkInteger(bytes, 'bytes', 0, this.maxBytes)
  }

  /** How long the datagram was, where it was received with MSG_TRUNC; else as `bytes`. */
  datagramBytes(index: number): number {
    return this.#words[word(this.#at(index) + DATAGRAM_BYTES)]
  }

  /** msg_flags of an entry that was received: MSG_TRUNC where it was longer than `maxBytes`. */
  flags(index: number): number {
    return this.#words[word(this.#at(index) + FLAGS)]
  }

  /**
   * Received with UDP_GRO: the entry is several datagrams of so many bytes (the last one perhaps shorter), 0 where it
   * is one. Sent with UDP_SEGMENT: the kernel cuts it so. An echo keeps it.
   */
  segmentBytes(index: number): number {
    return this.#words[word(this.#at(index) + SEGMENT_BYTES)]
  }

  setSegmentBytes(index: number, bytes: number): void {
    this.#words[word(this.#at(index) + SEGMENT_BYTES)] = checkInteger(bytes, 'bytes', 0, MAX_SEGMENT)
  }

  /** Who sent an entry, or where it shall go, as an object; undefined where there is no address. */
  address(index: number): SocketAddress | undefined {
    const at = this.#at(index)
    return readAddress(this.buffer, at + ADDRESS, this.#addressBytes(at))
  }

  /** The same as it stands there, for `setAddress` and `push` (an object). */
  encodedAddress(index: number): EncodedAddress {
    const at = this.#at(index)
    return EncodedAddress.of(this.#bytes.subarray(at + ADDRESS, at + ADDRESS + this.#addressBytes(at)))
  }

  /** Changes where an entry goes; undefined: to the connected peer. */
  setAddress(index: number, address: Endpoint | EncodedAddress | undefined): void {
    this.#writeAddress(this.#at(index), address)
  }

  /** For the calls: `count` entries were received. Internal. */
  noteReceived(count: number): void {
    this.#count = count
    this.#sent = 0
  }

  /** For the calls: `count` more were sent. Internal. */
  noteSent(count: number): void {
    this.#sent += count
  }

  /** Where an entry begins. */
  #at(index: number): number {
    if (this.#words.length === 0) throw new TypeError('the memory of the batch was detached')
    return checkInteger(index, 'index', 0, this.#count - 1) * this.#stride
  }

  /** Where the next entry begins, with its numbers set. */
  #begin(bytes: number, segmentBytes: number): number {
    if (this.#words.length === 0) throw new TypeError('the memory of the batch was detached')
    const at = this.#count * this.#stride
    this.#words[word(at + BYTES)] = bytes
    this.#words[word(at + DATAGRAM_BYTES)] = bytes
    this.#words[word(at + FLAGS)] = 0
    this.#words[word(at + SEGMENT_BYTES)] = segmentBytes
    return at
  }

  #addressBytes(at: number): number {
    return Math.min(this.#words[word(at + ADDRESS_BYTES)], RECORD_ADDRESS_BYTES)
  }

  #writeAddress(at: number, address: Endpoint | EncodedAddress | undefined): void {
    let length = 0
    if (EncodedAddress.is(address)) {
      length = address.bytes.length
      this.#bytes.set(address.bytes, at + ADDRESS)
    } else if (address !== undefined) {
      length = writeAddress(this.buffer, at + ADDRESS, address)
    }
    this.#words[word(at + ADDRESS_BYTES)] = length
  }
}

/** Without a view of the source: an echo of many small datagrams is not to allocate for each. */
function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) to[at + i] = from[start + i]
}
