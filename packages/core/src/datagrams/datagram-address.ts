/** Addresses of datagrams in the kernel's own form: encoded once, decoded when somebody reads them. */
import type { NativeReactor } from '@pollux/native-poll'
import { checkPath, checkPort, type Endpoint, isUnix, publicAddress, type SocketAddress } from '../address.js'
import { parseNumericHost } from '../resolve.js'
import { systemError } from '../system-error.js'

/**
 * Where a datagram came from or shall go, as the kernel writes it (a `sockaddr`). It costs nothing to send to one, and
 * it stays valid after the datagram that it was taken from.
 *
 * @example
 * ```ts
 * const address = channel.addressOf({ host: '127.0.0.1', port: 9000 })
 * channel.sendTo(Buffer.from('hello'), address)
 * ```
 */
export class DatagramAddress {
  /** The sockaddr; never changed. Internal. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The same as words, padded with zeros. Internal. */
  readonly words: Int32Array
  private readonly reactor: NativeReactor
  private decoded: SocketAddress | null = null

  /** Internal: see `DatagramChannel.addressOf` and `DatagramChannel.copySender`. */
  constructor(reactor: NativeReactor, sockaddr: Uint8Array) {
    const memory = new ArrayBuffer((sockaddr.length + 3) & ~3)
    this.reactor = reactor
    this.bytes = new Uint8Array(memory, 0, sockaddr.length)
    this.bytes.set(sockaddr)
    this.words = new Int32Array(memory)
  }

  /** As a plain object; decoded at the first time. Undefined for a sender that has no name (an unbound Unix socket). */
  get address(): SocketAddress | undefined {
    if (this.decoded === null) {
      const address = this.reactor.decodeAddress(this.bytes)
      if (address === null) return undefined
      this.decoded = publicAddress(address)
    }
    return this.decoded
  }

  /** Whether both are the same address. */
  equals(other: DatagramAddress): boolean {
    if (this.bytes.length !== other.bytes.length) return false
    for (let i = 0; i < this.words.length; i++) if (this.words[i] !== other.words[i]) return false
    return true
  }
}

/** Bounded: a client that talks to ever new addresses must not fill the memory. */
const MAX_REMEMBERED = 1024

/** Encoded addresses by what they were made of, so that sending to the same endpoint again allocates nothing. */
export class AddressBook {
  private readonly reactor: NativeReactor
  private readonly byHost = new Map<string, Map<number, DatagramAddress>>()
  private readonly byPath = new Map<string, DatagramAddress>()
  private count = 0

  constructor(reactor: NativeReactor) {
    this.reactor = reactor
  }

  /** @throws TypeError or RangeError for a bad endpoint; SocketError where the system has no such address */
  find(endpoint: Endpoint): DatagramAddress {
    return isUnix(endpoint) ? this.findUnix(endpoint.path) : this.findIp(endpoint.host, endpoint.port)
  }

  private findIp(host: string, port: number): DatagramAddress {
    const known = this.byHost.get(host)?.get(port)
    if (known !== undefined) return known
    const { address, scopeId } = parseNumericHost(host)
    const made = this.make(this.reactor.encodeIp(address, checkPort(port, 'port', 1), scopeId), {
      host,
      port,
    })
    let ports = this.byHost.get(host)
    if (ports === undefined) {
      ports = new Map()
      this.byHost.set(host, ports)
    }
    ports.set(port, made)
    return made
  }

  private findUnix(path: string): DatagramAddress {
    const known = this.byPath.get(path)
    if (known !== undefined) return known
    const made = this.make(this.reactor.encodeUnix(checkPath(path)), { path })
    this.byPath.set(path, made)
    return made
  }

  private make(encoded: Uint8Array | number, endpoint: Endpoint): DatagramAddress {
    if (typeof encoded === 'number') throw systemError(encoded, 'sendto', endpoint)
    if (this.count++ >= MAX_REMEMBERED) {
      this.byHost.clear()
      this.byPath.clear()
      this.count = 1
    }
    return new DatagramAddress(this.reactor, encoded)
  }
}
