/** What a socket sends: before it is connected, in one piece or many, and the end of it. */
import { nodeError } from '../errors.js'
import { kFinalBytesWritten, kPendingBytes, kWire, kWriteOnceConnected } from '../internals.js'
import { NODE_MAJOR } from '../versions.js'
import { byteLength } from './ends.js'
import { SocketReading } from './reading.js'

type WriteCallback = (error?: Error | null) => void

/** The writable half. */
export abstract class SocketWriting extends SocketReading {
  override end(...args: unknown[]): this {
    super.end(...(args as []))
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.connecting) {
      this[kWriteOnceConnected](byteLength(chunk, encoding), callback, () =>
        this._write(chunk, encoding, callback),
      )
      return
    }
    if (this[kWire] === null) {
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
      return
    }
    this._unrefTimer()
    this[kWire].write(chunk, encoding, callback)
  }

  override _writev(
    chunks: { chunk: string | Uint8Array; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    if (this.connecting) {
      let bytes = 0
      for (const { chunk, encoding } of chunks) bytes += byteLength(chunk, encoding)
      this[kWriteOnceConnected](bytes, callback, () => this._writev(chunks, callback))
      return
    }
    const { [kWire]: wire } = this
    if (wire === null) {
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'))
      return
    }
    this._unrefTimer()
    const last = chunks.length - 1
    for (let i = 0; i < last; i++) wire.write(chunks[i].chunk, chunks[i].encoding, nothing)
    wire.write(chunks[last].chunk, chunks[last].encoding, callback)
  }

  override _final(callback: WriteCallback): void {
    // Before Node 22 one that nobody has connected waits, too.
    if (this.connecting || (NODE_MAJOR < 22 && this[kWire] === null)) {
      this.once('connect', () => this._final(callback))
      return
    }
    if (this[kWire] === null) callback()
    else this[kWire].shutdown(callback)
  }

  get _bytesDispatched(): number {
    return this[kWire] === null ? this[kFinalBytesWritten] : this[kWire].bytesWritten
  }

  private [kWriteOnceConnected](bytes: number, callback: WriteCallback, write: () => void): void {
    const closed = () => {
      const text = 'Socket closed before the connection was established'
      callback(nodeError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', text))
    }
    this[kPendingBytes] = bytes
    this.once('connect', () => {
      this.off('close', closed)
      this[kPendingBytes] = 0
      write()
    })
    this.once('close', closed)
  }
}

function nothing(): void {}
