/**
 * Received bytes as the Buffers that handlers get: views of the receive slab and of the pool.
 *
 * ```
 *   slab: [ kept ........ | borrowed | borrowed |          ]   borrowed: valid until the handler returns
 *   pool: [ a | b | c |                                    ]   kept, pooled: never written again
 * ```
 */
import { Op } from '@pollux/native-poll'
import { ErrorCode, SocketError } from './errors.js'

const { WRITE_RECEIVED, WRITE_POOLED } = Op

/** The reactor starts every receive on a multiple of 2 ** 6 bytes. */
const OFFSET_SHIFT = 6

/** Bounded: a view takes about 100 bytes, and traffic that reaches further into the slab is far from the hot case. */
const MAX_CACHED_VIEWS = 16_384

type ViewConstructor = new (memory: ArrayBuffer, offset: number, length: number) => Buffer

/** Buffer's own constructor of views: `Buffer.subarray` without its arithmetic, in a third of the time. */
const View = (Buffer as unknown as { [Symbol.species]: ViewConstructor })[Symbol.species]

export class Chunks {
  /** What sockets are received into. */
  slab: ArrayBuffer
  /** Where small owned chunks are copied to. */
  pool: ArrayBuffer
  /** The chunk that was handed out last in this dispatch; null outside of one. */
  current: Buffer | null = null
  /** How to send the current chunk without copying it: the operation, and where it is. */
  currentOp = 0
  currentOffset = 0
  currentLength = 0
  // Views by offset: traffic of one size meets the same offsets and lengths again, and then nothing is allocated.
  private views: (Buffer | null)[] = []

  constructor(slab: ArrayBuffer, pool: ArrayBuffer) {
    this.slab = slab
    this.pool = pool
  }

  borrowed(offset: number, length: number): Buffer {
    const index = offset >>> OFFSET_SHIFT
    const views = this.views
    let chunk = index < views.length ? views[index] : null
    if (chunk === null || chunk.length !== length) {
      chunk = bufferView(this.slab, offset, length)
      if (index < MAX_CACHED_VIEWS) this.remember(index, chunk)
    }
    this.current = chunk
    this.currentOp = WRITE_RECEIVED
    this.currentOffset = offset
    this.currentLength = length
    return chunk
  }

  kept(offset: number, length: number): Buffer {
    const chunk = bufferView(this.slab, offset, length)
    this.current = chunk
    this.currentOp = WRITE_RECEIVED
    this.currentOffset = offset
    this.currentLength = length
    return chunk
  }

  pooled(offset: number, length: number): Buffer {
    const chunk = bufferView(this.pool, offset, length)
    this.current = chunk
    this.currentOp = WRITE_POOLED
    this.currentOffset = offset
    this.currentLength = length
    return chunk
  }

  /** The dispatch is over: its last chunk is no longer at hand. */
  release(): void {
    this.current = null
  }

  /** A fresh slab is in use: views of the old one belong to whoever kept them. */
  replaceSlab(slab: ArrayBuffer): void {
    this.slab = slab
    this.views = []
    this.current = null
  }

  replacePool(pool: ArrayBuffer): void {
    this.pool = pool
    this.current = null
  }

  private remember(index: number, chunk: Buffer): void {
    // Grown by pushing: a store far past the end would turn the array into a dictionary.
    while (this.views.length <= index) this.views.push(null)
    this.views[index] = chunk
  }
}

/** A Buffer of `length` bytes at `offset`. Throws ERR_POLLUX_MEMORY_DETACHED where a handler took the memory away. */
export function bufferView(memory: ArrayBuffer, offset: number, length: number): Buffer {
  try {
    return new View(memory, offset, length)
  } catch (cause) {
    throw new SocketError(
      'received bytes are lost: a handler transferred the ArrayBuffer of an earlier chunk, which other chunks ' +
        'share; transfer a copy (new Uint8Array(chunk)) instead',
      { code: ErrorCode.MEMORY_DETACHED, cause },
    )
  }
}
