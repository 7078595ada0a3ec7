/** The two ends of a connection, and what went between them. */
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import type { SocketAddress } from '@pollux/core'
import {
  kBoundPath,
  kEndOf,
  kFinalBytesRead,
  kFinalBytesWritten,
  kForgetWire,
  kPeername,
  kPendingBytes,
  kSockname,
  kWire,
} from '../internals.js'
import type { Wire } from '../wire.js'

/** A stream on a wire, with addresses and counters. */
export abstract class SocketEnds extends Duplex {
  declare connecting: boolean
  declare protected [kWire]: Wire | null
  declare protected [kPendingBytes]: number
  declare protected [kFinalBytesRead]: number
  declare protected [kFinalBytesWritten]: number
  /** Of what was bound to a path before: it stays the name. */
  declare protected [kBoundPath]: string | undefined
  declare protected [kSockname]: AddressInfo | object | undefined
  declare protected [kPeername]: AddressInfo | object | undefined

  get bytesRead(): number {
    return this[kWire] === null ? this[kFinalBytesRead] : this[kWire].bytesRead
  }

  get bytesWritten(): number {
    const buffered = this as unknown as { writableBuffer?: { chunk: unknown; encoding: BufferEncoding }[] }
    let bytes =
      (this[kWire] === null ? this[kFinalBytesWritten] : this[kWire].bytesWritten) + this[kPendingBytes]
    for (const { chunk, encoding } of buffered.writableBuffer ?? []) bytes += byteLength(chunk, encoding)
    return bytes
  }

  get localAddress(): string | undefined {
    return this[kEndOf]('local').address
  }

  get localPort(): number | undefined {
    return this[kEndOf]('local').port
  }

  get localFamily(): string | undefined {
    return this[kEndOf]('local').family
  }

  get remoteAddress(): string | undefined {
    return this[kEndOf]('remote').address
  }

  get remotePort(): number | undefined {
    return this[kEndOf]('remote').port
  }

  get remoteFamily(): string | undefined {
    return this[kEndOf]('remote').family
  }

  address(): AddressInfo | object {
    return this[kEndOf]('local')
  }

  protected [kForgetWire](): void {
    const { [kWire]: wire } = this
    if (wire === null) return
    this[kFinalBytesRead] = wire.bytesRead
    this[kFinalBytesWritten] = wire.bytesWritten
    this[kWire] = null
    this[kSockname] = undefined
  }

  private [kEndOf](which: 'local' | 'remote'): Partial<AddressInfo> {
    const { [kWire]: wire } = this
    if (which === 'local') {
      if (this[kBoundPath] !== undefined) return { address: this[kBoundPath] }
      // Who asks too early is told the same until the connection stands, as Node has it.
      if (wire === null && !this.connecting) return {}
      this[kSockname] ??= partsOf(wire?.localAddress)
      return this[kSockname]
    }
    if (wire === null || this.connecting) return this[kPeername] ?? {}
    this[kPeername] ??= partsOf(wire.remoteAddress)
    return this[kPeername]
  }
}

/** Bytes of what `write` takes. */
export function byteLength(chunk: unknown, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : (chunk as Uint8Array).length
}

function partsOf(address: SocketAddress | undefined): Partial<AddressInfo> {
  if (address === undefined || address.family === 'Unix') return {}
  const { host, family, port } = address
  return { address: host, family, port }
}
