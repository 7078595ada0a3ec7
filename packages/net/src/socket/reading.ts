/** What a socket receives: how it comes to the stream, or into the memory that `onread` names, and when it is wanted. */
import { constants } from 'node:os'
import {
  kBorrows,
  kIsReading,
  kOnread,
  kPauseFlow,
  kPeerEnded,
  kReceived,
  kStartReading,
  kStopReading,
  kWire,
  kWireFailed,
} from '../internals.js'
import type { ReadBuffer } from '../read-buffer.js'
import { SocketTcpOptions } from './tcp-options.js'

const { ENOBUFS } = constants.errno

/** The readable half. */
export abstract class SocketReading extends SocketTcpOptions {
  declare protected [kOnread]: ReadBuffer | undefined
  abstract [kWireFailed](errno: number, syscall: string): void

  override pause(): this {
    if (this[kOnread] !== undefined && !this.connecting && this[kWire]?.reading) this[kWire].stopReading()
    return super.pause()
  }

  override resume(): this {
    if (this[kOnread] !== undefined && !this.connecting) this[kStartReading]()
    return super.resume()
  }

  override read(size?: number): unknown {
    if (this[kOnread] !== undefined && !this.connecting && this[kWire] !== null && !this[kWire].reading) {
      this[kStartReading]()
    }
    return super.read(size)
  }

  override _read(size: number): void {
    if (this.connecting || this[kWire] === null) this.once('connect', () => this._read(size))
    else if (!this[kWire].reading) this[kStartReading]()
  }

  [kReceived](chunk: Buffer): void {
    this._unrefTimer()
    if (this.destroyed) return
    if (this[kOnread] === undefined ? this.push(chunk) : this[kOnread].take(chunk, this)) return
    this[kStopReading]()
  }

  [kPeerEnded](): void {
    this._unrefTimer()
    if (this[kOnread]?.isEmpty) {
      this[kWireFailed](-ENOBUFS, 'read')
      return
    }
    this.push(null)
    this.read(0)
  }

  /** Whether what arrives is wanted now. */
  get [kIsReading](): boolean {
    return this[kWire]?.reading === true
  }

  /** Whether chunks may be borrowed: they go into the user's memory before `received` returns. */
  get [kBorrows](): boolean {
    return this[kOnread] !== undefined
  }

  protected [kStartReading](): void {
    const { [kWire]: wire, [kOnread]: onread } = this
    if (wire === null) return
    wire.startReading()
    if (onread?.hasRest && !onread.take(null, this)) this[kStopReading]()
  }

  /** The user has enough. Memory without room is no memory: reading into it fails, as it does in libuv. */
  private [kStopReading](): void {
    const { [kWire]: wire, [kIsReading]: wanted } = this
    wire?.stopReading()
    if (wanted && this[kOnread]?.isEmpty) this[kWireFailed](-ENOBUFS, 'read')
  }

  /** Not flowing, without being paused: what comes is read when somebody asks. */
  protected [kPauseFlow](): void {
    ;(this as { readableFlowing: boolean | null }).readableFlowing = false
  }
}
