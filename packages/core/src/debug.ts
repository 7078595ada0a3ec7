/** Checks that cost, switched on by the environment variable POLLUX_DEBUG=1. */
import { ErrorCode, SocketError } from './errors.js'

/** Whether POLLUX_DEBUG asks for the checks. */
export function debugRequested(environment: NodeJS.ProcessEnv = process.env): boolean {
  const value = environment.POLLUX_DEBUG
  return value !== undefined && value !== '' && value !== '0'
}

function misused(): never {
  throw new SocketError(
    'a borrowed chunk was used after its handler returned; copy it with Buffer.from(chunk), or do without borrow: true',
    { code: ErrorCode.BORROWED_CHUNK },
  )
}

/** In place of Buffer.prototype: every property that a revoked chunk is asked for leads here. */
const revokedPrototype: object = new Proxy(Object.create(null), { get: misused, set: misused, has: misused })

/** The memory of chunks that were taken back; their views may have lived on. */
const revokedMemory = new WeakSet<ArrayBufferLike>()

/** An empty view is what is left of a part of a revoked chunk: throws if these bytes are one. */
export function checkNotRevoked(bytes: Uint8Array): void {
  if (revokedMemory.has(bytes.buffer)) misused()
}

/** A copy of a borrowed chunk that can be taken back from the handler that got it. */
export function revocableCopy(chunk: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(chunk.length)
  copy.set(chunk)
  return copy
}

/**
 * Ends the life of a {@link revocableCopy}: its bytes are gone, also for other views of them, and whatever is asked
 * of the chunk itself, or a `write` of any part of it, throws ERR_POLLUX_BORROWED_CHUNK. (`chunk[0]` is undefined, and
 * setting it does nothing: no prototype is asked for that.)
 */
export function revoke(chunk: Buffer): void {
  const memory = chunk.buffer
  revokedMemory.add(memory)
  structuredClone(memory, { transfer: [memory as ArrayBuffer] })
  Object.setPrototypeOf(chunk, revokedPrototype)
}
