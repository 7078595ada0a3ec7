/** Addresses in the kernel's form. */
import { type Endpoint, publicAddress, type SocketAddress } from '../address.js'
import { native } from '../native.js'
import { addressArguments, endpointOf } from '../sockets/socket-address.js'
import { systemError } from '../system-error.js'

const MAX_ADDRESS_BYTES = 128

/**
 * An address that was encoded once (as a sockaddr) and can be used for many datagrams at the cost of a copy.
 *
 * @example
 * ```ts
 * import { DatagramBatch, EncodedAddress } from '@pollux/core'
 *
 * const upstream = EncodedAddress.from({ host: '127.0.0.1', port: 5353 })
 * const batch = new DatagramBatch({ capacity: 64, maxBytes: 512 })
 * for (let i = 0; i < batch.count; i++) batch.setAddress(i, upstream)
 * console.log(upstream.decode()) // { family: 'IPv4', host: '127.0.0.1', port: 5353 }
 * ```
 */
export class EncodedAddress {
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @throws TypeError, RangeError, SocketError ENAMETOOLONG, ENODEV (no such interface) */
  static from(endpoint: Endpoint): EncodedAddress {
    const buffer = new ArrayBuffer(MAX_ADDRESS_BYTES)
    const length = writeAddress(buffer, 0, endpoint)
    return new EncodedAddress(new Uint8Array(buffer, 0, length))
  }

  /** Whether it is one, and does not only look like one. Internal. */
  static is(value: unknown): value is EncodedAddress {
    return typeof value === 'object' && value !== null && #bytes in value
  }

  /** Of bytes that the kernel wrote. Internal. */
  static of(bytes: Uint8Array): EncodedAddress {
    return new EncodedAddress(bytes)
  }

  /** As an object; undefined where there is none. */
  decode(): SocketAddress | undefined {
    const { buffer, byteOffset, byteLength } = this.#bytes
    const address = native.decodeAddress(buffer as ArrayBuffer, byteOffset, byteLength)
    return typeof address === 'object' ? publicAddress(address) : undefined
  }

  /** Whether it is the same address, byte for byte. */
  equals(other: EncodedAddress): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0
  }

  /** Copies it to `at`, and says how long it is. Internal. */
  copyTo(target: Uint8Array, at: number): number {
    target.set(this.#bytes, at)
    return this.#bytes.length
  }
}

/** Writes an address into 128 bytes of `buffer`; its length. */
export function writeAddress(buffer: ArrayBuffer, offset: number, endpoint: Endpoint): number {
  const to = addressArguments(endpoint)
  const length = native.encodeAddress(buffer, offset, ...to)
  if (length < 0) throw systemError(length, 'sendmsg', endpointOf(to))
  return length
}
