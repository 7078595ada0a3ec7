/** Received datagrams as JavaScript sees them: words of their headers, and views of their payloads. */
import { bufferView } from '../chunks.js'

/** Bounded: a view takes about 100 bytes. */
const MAX_CACHED_VIEWS = 16_384

export class DatagramMemory {
  /** The receive slab as 32-bit words: headers and addresses. */
  words: Int32Array
  /** The same as bytes. */
  bytes: Uint8Array
  private slab: ArrayBuffer
  // Views by place. Traffic of one size meets the same places and lengths again, and then nothing is allocated.
  private views: (Buffer | null)[] = []
  private offsets: number[] = []

  constructor(slab: ArrayBuffer) {
    this.slab = slab
    this.words = wordsOf(slab)
    this.bytes = new Uint8Array(slab)
  }

  /** To be called before each batch: a fresh slab may have taken the old one's place. */
  use(slab: ArrayBuffer): void {
    if (slab === this.slab) return
    this.slab = slab
    this.words = wordsOf(slab)
    this.bytes = new Uint8Array(slab)
    this.views = []
    this.offsets = []
  }

  /**
   * The bytes at `offset`, which live until the handler returns.
   *
   * @param place of the datagram in the slab, counted in strides
   */
  payload(place: number, offset: number, length: number): Buffer {
    const views = this.views
    if (place < views.length) {
      const known = views[place]
      if (known !== null && this.offsets[place] === offset && known.length === length) return known
    }
    const made = bufferView(this.slab, offset, length)
    if (place < MAX_CACHED_VIEWS) this.remember(place, offset, made)
    return made
  }

  /** The same, not remembered. */
  part(offset: number, length: number): Buffer {
    return bufferView(this.slab, offset, length)
  }

  private remember(place: number, offset: number, made: Buffer): void {
    // Grown by pushing: a store far past the end would turn the arrays into dictionaries.
    while (this.views.length <= place) {
      this.views.push(null)
      this.offsets.push(-1)
    }
    this.views[place] = made
    this.offsets[place] = offset
  }
}

/** A slab whose length is no multiple of 4 has no datagram in its last bytes. */
function wordsOf(slab: ArrayBuffer): Int32Array {
  return new Int32Array(slab, 0, slab.byteLength >> 2)
}
