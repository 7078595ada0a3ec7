/** The two ends of a connection, and what went between them. */
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import type { SocketAddress } from '@pollux/core'
import type { Wire } from '../wire.js'

/** A stream on a wire, with addresses and counters. */
export abstract class SocketEnds extends Duplex {
  declare connecting: boolean
  declare protected wire: Wire | null
  declare protected pendingBytes: number
  declare protected finalBytesRead: number
  declare protected finalBytesWritten: number
  declare protected sockname: AddressInfo | object | undefined
  declare protected peername: AddressInfo | object | undefined

  get bytesRead(): number {
    return this.wire === null ? this.finalBytesRead : this.wire.bytesRead
  }

  get bytesWritten(): number {
    const buffered = this as unknown as { writableBuffer?: { chunk: unknown; encoding: BufferEncoding }[] }
    let bytes = (this.wire === null ? this.finalBytesWritten : this.wire.bytesWritten) + this.pendingBytes
    for (const { chunk, encoding } of buffered.writableBuffer ?? []) bytes += byteLength(chunk, encoding)
    return bytes
  }

  get localAddress(): string | undefined {
    return this.endOf('local').address
  }

  get localPort(): number | undefined {
    return this.endOf('local').port
  }

  get localFamily(): string | undefined {
    return this.endOf('local').family
  }

  get remoteAddress(): string | undefined {
    return this.endOf('remote').address
  }

  get remotePort(): number | undefined {
    return this.endOf('remote').port
  }

  get remoteFamily(): string | undefined {
    return this.endOf('remote').family
  }

  address(): AddressInfo | object {
    return this.endOf('local')
  }

  protected forgetWire(): void {
    const { wire } = this
    if (wire === null) return
    this.finalBytesRead = wire.bytesRead
    this.finalBytesWritten = wire.bytesWritten
    this.wire = null
    this.sockname = undefined
  }

  private endOf(which: 'local' | 'remote'): Partial<AddressInfo> {
    const { wire } = this
    if (which === 'local') {
      if (wire === null) return {}
      this.sockname ??= partsOf(wire.localAddress)
      return this.sockname
    }
    if (wire === null || this.connecting) return this.peername ?? {}
    this.peername ??= partsOf(wire.remoteAddress)
    return this.peername
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
