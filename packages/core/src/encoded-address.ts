/** Addresses in the kernel's form: encoded once, decoded when somebody reads them. */
import { RECORD_ADDRESS_BYTES } from '@pollux/native-poll'
import { type Endpoint, publicAddress, type SocketAddress } from './address.js'
import { native } from './native.js'
import { addressArguments, endpointOf } from './sockets/socket-address.js'
import { systemError } from './system-error.js'

/**
 * An address as the kernel writes it (a `sockaddr`): encoded once, it can be used for many datagrams at the cost of a
 * copy. One that was taken from a datagram stays valid after it.
 *
 * @example
 * ```ts
 * import { DatagramBatch, EncodedAddress } from '@pollux/core'
 *
 * const upstream = EncodedAddress.from({ host: '127.0.0.1', port: 5353 })
 * const batch = new DatagramBatch({ capacity: 64, maxBytes: 512 })
 * for (let i = 0; i < batch.count; i++) batch.setAddress(i, upstream)
 * console.log(upstream.address) // { family: 'IPv4', host: '127.0.0.1', port: 5353 }
 * ```
 */
export class EncodedAddress {
  /** The sockaddr; never changed. Internal. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same as words, padded with zeros. Internal. */
  readonly words: Int32Array
  private decoded: SocketAddress | undefined
  /** What only a real one has. */
  readonly #real = true

  private constructor(sockaddr: Uint8Array) {
    const memory = new ArrayBuffer((sockaddr.length + 3) & ~3)
    this.bytes = new Uint8Array(memory, 0, sockaddr.length)
    this.bytes.set(sockaddr)
    this.words = new Int32Array(memory)
    this.decoded = undefined
  }

  /**
   * @param endpoint its host must be numeric
   * @throws TypeError, RangeError, SocketError ENAMETOOLONG, ENODEV (no such interface)
   */
  static from(endpoint: Endpoint): EncodedAddress {
    const buffer = new ArrayBuffer(RECORD_ADDRESS_BYTES)
    const length = writeAddress(buffer, 0, endpoint)
    return new EncodedAddress(new Uint8Array(buffer, 0, length))
  }

  /** A copy of bytes that the kernel wrote. Internal. */
  static of(sockaddr: Uint8Array): EncodedAddress {
    return new EncodedAddress(sockaddr)
  }

  /** Whether it is one, and does not only look like one. Internal. */
  static is(value: unknown): value is EncodedAddress {
    return typeof value === 'object' && value !== null && #real in value
  }

  /** As a plain object; decoded at the first time. Undefined where there is none (an unbound Unix socket). */
  get address(): SocketAddress | undefined {
    this.decoded ??= readAddress(this.bytes.buffer, 0, this.bytes.length)
    return this.decoded
  }

  /** Whether it is the same address, byte for byte. */
  equals(other: EncodedAddress): boolean {
    if (this.bytes.length !== other.bytes.length) return false
    for (let i = 0; i < this.words.length; i++) if (this.words[i] !== other.words[i]) return false
    return true
  }
}

/** Writes an address into the RECORD_ADDRESS_BYTES of `buffer` from `offset` on; its length. */
export function writeAddress(buffer: ArrayBuffer, offset: number, endpoint: Endpoint): number {
  const to = addressArguments(endpoint)
  const length = native.encodeAddress(buffer, offset, ...to)
  if (length < 0) throw systemError(length, 'sendto', endpointOf(to))
  return length
}

/** The way back; undefined where there is none, or of a family that there are no words for. */
export function readAddress(buffer: ArrayBuffer, offset: number, length: number): SocketAddress | undefined {
  const address = native.decodeAddress(buffer, offset, length)
  return typeof address === 'object' ? publicAddress(address) : undefined
}
