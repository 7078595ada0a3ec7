// Writes a stream in random pieces, styles and rhythms, as all the users together do.
import type { Random } from './random.js'
import type { Stream } from './stream.js'

/** The half of a connection that a talker needs: ours and node:net's have it. */
export interface Outlet {
  write(data: Uint8Array | string, encoding?: BufferEncoding): boolean
  readonly isOpen: boolean
  /** Whether a buffer is the writer's again as soon as `write` has returned. */
  readonly copies: boolean
}

/** Where some other way of sending begins. */
const THRESHOLDS = [12, 85, 170, 512, 2048, 4096, 21_845, 64 * 1024, 256 * 1024]

const LATER: ((call: () => void) => void)[] = [
  (call) => setImmediate(call),
  (call) => setTimeout(call, 0),
  (call) => process.nextTick(call),
  (call) => queueMicrotask(call),
]

export function sometimeSoon(random: Random, call: () => void) {
  random.pick(LATER)(call)
}

export class Talker {
  offset = 0
  /** How often a write returned false that was not told so before, and how often drain came. */
  crossings = 0
  drains = 0
  private awaits: 'nothing' | 'drain' | 'its time' = 'nothing'
  private readonly isPolite: boolean
  private readonly pauses: number
  private readonly largest: number
  private readonly scratch = Buffer.alloc(8192)
  private crossed = false

  constructor(
    private readonly outlet: Outlet,
    private readonly stream: Stream,
    private readonly random: Random,
    /** At this offset, or at the end of the stream. */
    private readonly breakAt: number,
    private readonly finish: () => void,
  ) {
    this.isPolite = random.chance(0.8)
    this.pauses = random.pick([0, 0.05, 0.5])
    this.largest = random.pick([20, 700, 5000, 100_000, 1_000_000])
  }

  get isDone(): boolean {
    return this.offset >= Math.min(this.stream.length, this.breakAt)
  }

  go() {
    while (this.outlet.isOpen && !this.isDone) {
      const flows = this.writePiece()
      if (!flows && !this.crossed) {
        this.crossed = true
        this.crossings++
      }
      if (!flows && this.isPolite && !this.isDone) {
        this.awaits = 'drain'
        return
      }
      if (this.random.chance(this.pauses)) {
        this.awaits = 'its time'
        sometimeSoon(this.random, () => this.goOn('its time'))
        return
      }
    }
    if (this.outlet.isOpen) this.finish()
  }

  /** The outlet has drained. */
  drained() {
    this.drains++
    this.crossed = false
    this.goOn('drain')
  }

  private goOn(reason: 'drain' | 'its time') {
    if (this.awaits !== reason) return
    this.awaits = 'nothing'
    this.go()
  }

  private writePiece(): boolean {
    const { outlet, random, stream } = this
    const size = Math.min(this.pieceSize(), this.breakAt - this.offset)
    const piece = stream.slice(this.offset, this.offset + size)
    this.offset += piece.length
    if (random.chance(0.4)) return this.writeText(piece)
    if (outlet.copies && piece.length <= this.scratch.length && random.chance(0.5)) {
      const view = this.scratch.subarray(0, piece.length)
      view.set(piece)
      const flows = outlet.write(view)
      view.fill(0xee)
      return flows
    }
    if (random.chance(0.3)) return outlet.write(new Uint8Array(piece))
    return outlet.write(piece)
  }

  private writeText(piece: Buffer): boolean {
    const encodings: (BufferEncoding | undefined)[] = ['latin1', 'hex', 'base64', 'binary']
    if (piece.length % 2 === 0) encodings.push('utf16le')
    if (this.stream.isText) encodings.push('utf8', 'ascii', undefined, undefined)
    const encoding = this.random.pick(encodings)
    return this.outlet.write(piece.toString(encoding ?? 'utf8'), encoding)
  }

  private pieceSize(): number {
    const { random } = this
    if (random.chance(0.1)) return random.pick(THRESHOLDS) + random.int(-1, 1)
    return 1 + random.magnitude(this.largest)
  }
}
