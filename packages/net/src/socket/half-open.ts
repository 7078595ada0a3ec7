/** Writing to a peer that has ended. */
import { Duplex } from 'node:stream'

/** The peer has ended: what is written from here on can't arrive, unless half-open connections are wanted. */
export function onPeerEnd(this: Duplex): void {
  if (!this.allowHalfOpen) (this as { write: unknown }).write = writeAfterEnd
}

function writeAfterEnd(this: Duplex, ...args: unknown[]): boolean {
  if (!this.writableEnded) return Duplex.prototype.write.apply(this, args as never)
  const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
  const callback = args.find((arg) => typeof arg === 'function') as ((error: Error) => void) | undefined
  if (callback !== undefined) process.nextTick(callback, error)
  this.destroy(error)
  return false
}
