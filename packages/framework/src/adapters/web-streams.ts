/** A connection as a pair of WHATWG streams. */
import type { ReadableByteStreamController, WritableStreamDefaultController } from 'node:stream/web'
import { isAnyArrayBuffer, isArrayBufferView } from 'node:util/types'
import { checkInteger, checkObject, invalidArgType } from '@pollux/core'
import { raw } from '../codecs/raw.js'
import type { Adapter } from '../connection/adapter.js'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import { Hold } from '../connection/holds.js'
import { closedBeforeEnd } from '../failures.js'
import { checkConnection } from './check-connection.js'

/** How a connection becomes WHATWG streams. */
export interface WebStreamsOptions {
  /** Bytes that may wait in either stream. Default 64 KiB. */
  highWaterMark?: number
}

/** Both halves of a connection. */
export interface WebStreams {
  /** A byte stream: readers may bring their own buffers. */
  readable: ReadableStream<Uint8Array<ArrayBuffer>>
  writable: WritableStream<string | Uint8Array | ArrayBuffer | ArrayBufferView>
}

interface Settler {
  resolve(): void
  reject(reason: unknown): void
}

const HIGH_WATER_MARK = 64 * 1024
const MAX_MARK = 2 ** 31 - 1

/**
 * The connection as a readable and a writable stream of the WHATWG, with backpressure both ways: bytes from the next one on,
 * what was received and not yet consumed included. They come to the stream and not to `message` or `data` from
 * then on.
 *
 * Closing `writable` sends what was written and ends our half. Aborting it resets the connection, so that the peer can not
 * take a part for the whole. Cancelling `readable` throws away what still comes, and closes the connection if `writable` is
 * closed already. What fails the connection errors both.
 *
 * @throws SocketError ERR_POLLUX_INPUT_TAKEN where an iterator or a stream takes the bytes already, ERR_POLLUX_CLOSED;
 *   TypeError or RangeError
 *
 * @example
 * ```ts
 * import { createServer, toWebStreams } from '@pollux/framework'
 *
 * const server = createServer({
 *   async open(conn) {
 *     const { readable, writable } = toWebStreams(conn)
 *     await readable.pipeThrough(new CompressionStream('gzip')).pipeTo(writable)
 *   },
 * })
 * ```
 */
export function toWebStreams(connection: AnyConnection, options: WebStreamsOptions = {}): WebStreams {
  checkConnection(connection)
  checkObject(options, 'options')
  const mark = checkInteger(options.highWaterMark ?? HIGH_WATER_MARK, 'options.highWaterMark', 0, MAX_MARK)
  const { readable, writable } = new StreamPair(connection, mark)
  return { readable, writable }
}

class StreamPair implements Adapter<Buffer> {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly writable: WritableStream<string | Uint8Array | ArrayBuffer | ArrayBufferView>
  private readonly connection: AnyConnection
  private input!: ReadableByteStreamController
  private output!: WritableStreamDefaultController
  /** Whether `readable` is neither closed, cancelled nor errored; the same of `writable`. */
  private reads = true
  private writes = true
  private writing: Settler | undefined = undefined
  private closing: Settler | undefined = undefined
  private halfEnded = false
  private isClosed = false

  constructor(connection: AnyConnection, highWaterMark: number) {
    this.connection = connection
    // Node's types of a byte stream leave open which memory it hands out: it is that of `onMessage`.
    this.readable = new ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          this.input = controller
        },
        pull: () => connection.release(Hold.ADAPTER),
        cancel: () => this.cancelled(),
      },
      { highWaterMark },
    ) as ReadableStream<Uint8Array<ArrayBuffer>>
    this.writable = new WritableStream(
      {
        start: (controller) => {
          this.output = controller
        },
        write: (chunk) => this.write(bytesOf(chunk)),
        close: () => this.close(),
        abort: () => this.aborted(),
      },
      { highWaterMark, size: sizeOf },
    )
    connection.adopt<Buffer>(this, {
      codec: connection.hasCodec ? raw() : undefined,
      pauseOnBackpressure: false,
    })
  }

  onMessage(chunk: Buffer): void {
    if (!this.reads) return
    // A copy: what is enqueued is transferred, and received chunks share their memory.
    this.input.enqueue(new Uint8Array(chunk))
    if ((this.input.desiredSize ?? 0) <= 0) this.connection.hold(Hold.ADAPTER)
  }

  onDrained(): void {
    this.writing?.resolve()
    this.writing = undefined
  }

  onFinished(): void {
    this.halfEnded = true
    this.closing?.resolve()
    this.closing = undefined
  }

  onPeerEnd(): void {
    if (!this.reads) return
    this.reads = false
    this.input.close()
    // A reader that has brought its own buffer gets it back.
    this.input.byobRequest?.respond(0)
  }

  onHandlerDone(): void {}

  onClosed(error: unknown): void {
    const { closeReason } = this.connection
    this.isClosed = true
    if (error === undefined && closeReason === CloseReason.ENDED) {
      this.onFinished()
      return
    }
    const reason = error ?? closedBeforeEnd(closeReason)
    this.writing?.reject(reason)
    this.closing?.reject(reason)
    if (this.reads) this.input.error(reason)
    if (this.writes) this.output.error(reason)
    this.reads = false
    this.writes = false
  }

  private write(bytes: string | Uint8Array): Promise<void> | undefined {
    if (this.connection.write(bytes)) return undefined
    if (this.isClosed) throw closedBeforeEnd(this.connection.closeReason)
    // If it is not full but closing, `closed` errors the stream.
    return new Promise((resolve, reject) => {
      this.writing = { resolve, reject }
    })
  }

  private close(): Promise<void> | undefined {
    this.writes = false
    if (this.halfEnded || this.isClosed) return undefined
    return new Promise((resolve, reject) => {
      this.closing = { resolve, reject }
      this.connection.end()
    })
  }

  private aborted(): void {
    this.writes = false
    this.connection.reset()
  }

  private cancelled(): void {
    this.reads = false
    if (this.writes || this.closing !== undefined) this.connection.release(Hold.ADAPTER)
    else this.connection.destroy()
  }
}

function bytesOf(chunk: unknown): string | Uint8Array {
  if (typeof chunk === 'string') return chunk
  if (chunk instanceof Uint8Array) return chunk
  if (isArrayBufferView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (isAnyArrayBuffer(chunk)) return new Uint8Array(chunk)
  throw invalidArgType('chunk', 'a string, an ArrayBuffer or a view of one', chunk)
}

/** What a chunk counts against the high watermark; of a string its units, which are its bytes as a rule. */
function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return chunk.length
  return (chunk as { byteLength?: number }).byteLength ?? 1
}
