/** A connection as a stream of Node.js. */
import { Duplex } from 'node:stream'
import { checkBoolean, checkInteger, checkObject } from '@pollux/core'
import { raw } from '../codecs/raw.js'
import type { Adapter } from '../connection/adapter.js'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { closedBeforeEnd } from '../failures.js'
import { checkConnection } from './check-connection.js'

/** How a connection becomes a stream. */
export interface DuplexOptions {
  /** Bytes that may wait in the stream for whoever reads it, and to be written. Default: that of Node.js. */
  highWaterMark?: number
  readableHighWaterMark?: number
  writableHighWaterMark?: number
  /**
   * Whether one may write after the peer has ended, until `end()`. Default true, as for every Duplex: an answer that goes through
   * other streams is not there yet when the question has ended. With false the stream ends with the peer, as net.Socket does.
   */
  allowHalfOpen?: boolean
}

type WriteDone = (error?: Error | null) => void

const MAX_MARK = 2 ** 31 - 1

/**
 * The connection as a Duplex of Node.js, with backpressure both ways: bytes from the next one on, what was received and not
 * yet consumed included. They come to the stream and not to `message` or `data` from then on. The connection's other
 * handlers are called as before.
 *
 * `end()` sends what was written and ends our half; `'finish'` says that the kernel has it. `destroy()` destroys the
 * connection, and what fails the connection is the stream's `'error'`. A connection that closes before its peer has ended is
 * an error, too (ERR_POLLUX_CLOSED), unless the stream itself was destroyed. `'close'` comes when the connection is closed.
 *
 * @throws SocketError ERR_POLLUX_INPUT_TAKEN where an iterator or a stream takes the bytes already, ERR_POLLUX_CLOSED;
 *   TypeError or RangeError
 *
 * @example
 * ```ts
 * import { createServer, toDuplex } from '@pollux/framework'
 * import { pipeline } from 'node:stream/promises'
 * import { createGzip } from 'node:zlib'
 *
 * const server = createServer({
 *   async open(conn) {
 *     const stream = toDuplex(conn)
 *     await pipeline(stream, createGzip(), stream)
 *   },
 * })
 * ```
 */
export function toDuplex(connection: AnyConnection, options: DuplexOptions = {}): Duplex {
  checkConnection(connection)
  checkObject(options, 'options')
  for (const name of ['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark'] as const) {
    if (options[name] !== undefined) checkInteger(options[name], `options.${name}`, 0, MAX_MARK)
  }
  checkBoolean(options.allowHalfOpen ?? true, 'options.allowHalfOpen')
  return new ConnectionDuplex(connection, options)
}

class ConnectionDuplex extends Duplex implements Adapter<Buffer> {
  private readonly connection: AnyConnection
  /** A write that waits for the connection's queue. */
  private writing: WriteDone | undefined = undefined
  private finishing: WriteDone | undefined = undefined
  private destroying: WriteDone | undefined = undefined
  private peerEnded = false
  private halfEnded = false
  private isClosed = false

  constructor(connection: AnyConnection, options: DuplexOptions) {
    const { highWaterMark, readableHighWaterMark, writableHighWaterMark, allowHalfOpen = true } = options
    super({
      allowHalfOpen,
      ...(highWaterMark !== undefined && { highWaterMark }),
      ...(readableHighWaterMark !== undefined && { readableHighWaterMark }),
      ...(writableHighWaterMark !== undefined && { writableHighWaterMark }),
    })
    this.connection = connection
    connection.adopt<Buffer>(this, {
      codec: connection.hasCodec ? raw() : undefined,
      pauseOnBackpressure: false,
    })
  }

  override _read(): void {
    this.connection.release(Hold.ADAPTER)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.writeAll([{ chunk }], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: WriteDone): void {
    this.writeAll(chunks, done)
  }

  override _final(done: WriteDone): void {
    if (this.halfEnded || this.isClosed) {
      done()
      return
    }
    this.finishing = done
    this.connection.end()
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    if (this.isClosed) {
      done(error)
      return
    }
    this.destroying = () => done(error)
    // Both halves have ended: what is queued is still being sent.
    if (error === null && this.peerEnded && this.writableFinished) return
    this.connection.destroy(error ?? undefined)
  }

  onMessage(chunk: Buffer): void {
    if (this.destroyed) return
    if (!this.push(chunk)) this.connection.hold(Hold.ADAPTER)
  }

  onDrained(): void {
    this.written()
  }

  onFinished(): void {
    this.halfEnded = true
    const done = this.finishing
    this.finishing = undefined
    done?.()
  }

  onPeerEnd(): void {
    this.peerEnded = true
    if (!this.destroyed) this.push(null)
  }

  onHandlerDone(): void {}

  onClosed(error: unknown): void {
    this.isClosed = true
    const done = this.destroying
    if (done !== undefined) {
      this.destroying = undefined
      done()
      return
    }
    const { closeReason } = this.connection
    if (error !== undefined) {
      this.destroy(error instanceof Error ? error : new Error('the connection failed', { cause: error }))
    } else if (closeReason === CloseReason.ENDED) {
      this.onFinished()
    } else {
      this.destroy(closedBeforeEnd(closeReason))
    }
  }

  private writeAll(chunks: readonly { chunk: Buffer }[], done: WriteDone): void {
    let flows = true
    try {
      for (const { chunk } of chunks) flows = this.connection.write(chunk)
    } catch (error) {
      // Somebody else has ended the connection.
      done(error as Error)
      return
    }
    if (flows) done()
    else if (this.isClosed) done(closedBeforeEnd(this.connection.closeReason))
    // If it is not full but closing, `closed` destroys the stream.
    else this.writing = done
  }

  private written(): void {
    const done = this.writing
    this.writing = undefined
    done?.()
  }
}
