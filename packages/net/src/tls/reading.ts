/** The `onread` option of a layer of TLS: where Node is given the connection, it leaves it out. */
import type { TLSSocket } from 'node:tls'
import { kIsReading } from '../internals.js'
import { ReadBuffer } from '../read-buffer.js'

/** What Node keeps of a layer: not documented, and the same in all versions (tested). */
interface LayerInside {
  connecting: boolean
  _handle: { reading: boolean; readStart(): void; readStop(): void } | null
  [kIsReading]: boolean
}

/** Has what the layer deciphers go into the buffer of `onread`, and to its callback, in place of 'data'. */
export function readInto(layer: TLSSocket, onread: unknown): void {
  const buffer = ReadBuffer.from(onread)
  if (buffer === undefined) return
  const inside = layer as unknown as LayerInside
  const { pause, push, read, resume } = layer
  /** The end has come, and the user has not yet had all that came before it. */
  let hasEnded = false

  function stop(): void {
    const { _handle: handle } = inside
    if (handle === null || inside.connecting || !handle.reading) return
    handle.reading = false
    handle.readStop()
  }

  function goOn(): void {
    const { _handle: handle } = inside
    if (handle === null || inside.connecting || handle.reading) return
    handle.reading = true
    if (buffer?.hasRest && !buffer.take(null, inside)) {
      stop()
    } else if (hasEnded) {
      push.call(layer, null)
      read.call(layer, 0)
    } else {
      handle.readStart()
    }
  }

  Object.defineProperty(layer, kIsReading, { get: () => inside._handle?.reading === true })
  Object.assign(layer, {
    push(chunk: Buffer | null) {
      if (chunk !== null) return buffer.take(chunk, inside)
      hasEnded = buffer.hasRest
      return hasEnded ? false : push.call(layer, null)
    },
    pause() {
      stop()
      return pause.call(layer)
    },
    resume() {
      goOn()
      return resume.call(layer)
    },
    read(size?: number) {
      goOn()
      return read.call(layer, size)
    },
  })
}
