/** Files that can't go from kernel to kernel, since a filter (TLS) has to see their bytes: read and written in pieces. */
import { closeSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import type { Filter } from '../connection/filter.js'
import { closedBeforeSent, fileShrank, gateFull } from '../failures.js'

const PIECE_BYTES = 64 * 1024

/** The most bytes that may be written behind a file that is under way. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

const readPiece = promisify(read)

/**
 * Writes `length` bytes of a file from `start` on; what others write meanwhile follows it.
 *
 * @param close whether the descriptor is ours to close, when it is over
 */
export async function writeFile(
  connection: AnyConnection,
  fd: number,
  start: number,
  length: number,
  close: boolean,
): Promise<number> {
  // One that is at work already: this file is next.
  const gate = connection.filter instanceof Gate ? connection.filter : new Gate(connection)
  try {
    return await gate.send(() => writePieces(connection, gate, fd, start, length))
  } finally {
    if (close) closeSync(fd)
  }
}

async function writePieces(
  connection: AnyConnection,
  gate: Gate,
  fd: number,
  start: number,
  length: number,
): Promise<number> {
  const piece = Buffer.allocUnsafeSlow(Math.min(length, PIECE_BYTES))
  for (let sent = 0; sent < length; ) {
    const { bytesRead } = await readPiece(fd, piece, 0, Math.min(piece.length, length - sent), start + sent)
    if (connection.readyState === 'closed') throw closedBeforeSent(connection.failure)
    if (bytesRead === 0) {
      const error = fileShrank(undefined)
      connection.destroyFor(CloseReason.FILE_CHANGED, error)
      throw error
    }
    sent += bytesRead
    if (!gate.pass(piece.subarray(0, bytesRead))) await connection.drained()
  }
  return length
}

/** Stands before a filter while files are sent through it: other writes, and the end, wait behind them. */
class Gate implements Filter {
  private readonly connection: AnyConnection
  private readonly inner: Filter
  private last: Promise<unknown> = Promise.resolve()
  private underWay = 0
  /** In the midst of `pass`: the write is the file's. */
  private passing = false
  private waiting: Uint8Array[] = []
  private waitingBytes = 0
  private endWaits = false

  constructor(connection: AnyConnection) {
    this.connection = connection
    this.inner = connection.filter as Filter
    connection.filter = this
  }

  get queuedBytes(): number {
    return this.inner.queuedBytes
  }

  /** Runs `file` when those before it, and what was written between them, have been passed on. */
  async send(file: () => Promise<number>): Promise<number> {
    this.underWay++
    const behind = this.waiting
    const before = this.last
    const mine = before.then(() => {
      this.passAll(behind)
      return file()
    })
    // What is written from here on follows this file.
    this.waiting = []
    this.last = mine.catch(() => {})
    try {
      return await mine
    } finally {
      if (--this.underWay === 0) this.open()
    }
  }

  /** A piece of the file; false: wait for the connection's drain. */
  pass(bytes: Uint8Array): boolean {
    this.passing = true
    try {
      return this.connection.writeToFilter(bytes)
    } finally {
      this.passing = false
    }
  }

  received(chunk: Buffer): void {
    this.inner.received(chunk)
  }

  peerEnded(): void {
    this.inner.peerEnded()
  }

  write(bytes: Uint8Array): void {
    if (this.passing) {
      this.inner.write(bytes)
      return
    }
    this.waitingBytes += bytes.length
    this.waiting.push(Uint8Array.from(bytes))
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.connection.destroyFor(CloseReason.QUEUE_FULL, gateFull(MAX_WAITING_BYTES))
    }
  }

  end(): void {
    this.endWaits = true
  }

  drained(): void {
    this.inner.drained()
  }

  closed(): void {
    this.waiting = []
    this.inner.closed()
  }

  private passAll(waiting: Uint8Array[]): void {
    if (this.connection.readyState === 'closed') return
    for (const bytes of waiting) {
      this.waitingBytes -= bytes.length
      this.inner.write(bytes)
    }
  }

  /** Nothing is under way any more. */
  private open(): void {
    const { connection, inner } = this
    if (connection.readyState === 'closed') return
    this.passAll(this.waiting)
    this.waiting = []
    connection.filter = inner
    if (this.endWaits) inner.end()
  }
}
