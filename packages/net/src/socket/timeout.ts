/** The time that a socket may be idle. */
import { checkNumber, invalidType, outOfRange } from '../arguments.js'
import { kStopTimers, kTimer, kWire } from '../internals.js'
import { SocketEnds } from './ends.js'

/** Of Node's timers. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** With a timer, which every bit of traffic sets back. */
export abstract class SocketTimeout extends SocketEnds {
  declare timeout: number | undefined
  declare _parent: SocketTimeout | null
  declare protected [kTimer]: NodeJS.Timeout | null

  setTimeout(milliseconds: number, callback?: () => void): this {
    if (this.destroyed) return this
    this.timeout = milliseconds
    const delay = timerDelay(milliseconds)
    if (this[kTimer] !== null) clearTimeout(this[kTimer])
    this[kTimer] = null
    if (delay === 0) {
      if (callback !== undefined) {
        checkListener(callback)
        this.removeListener('timeout', callback)
      }
    } else {
      this[kTimer] = setTimeout(() => this._onTimeout(), delay).unref()
      if (callback !== undefined) {
        checkListener(callback)
        this.once('timeout', callback)
      }
    }
    return this
  }

  _unrefTimer(): void {
    for (let socket: SocketTimeout | null = this; socket !== null; socket = socket._parent) {
      socket[kTimer]?.refresh()
    }
  }

  protected [kStopTimers](): void {
    for (let socket: SocketTimeout | null = this; socket != null; socket = socket._parent) {
      if (socket[kTimer] != null) clearTimeout(socket[kTimer])
    }
  }

  _onTimeout(): void {
    // Output that is being taken is activity.
    if (this[kWire]?.takesOutput()) {
      this._unrefTimer()
      return
    }
    this.emit('timeout')
  }
}

/** Milliseconds as Node's timers take them. @throws what `socket.setTimeout` of Node throws */
function timerDelay(milliseconds: unknown): number {
  checkNumber(milliseconds, 'msecs')
  const delay = milliseconds as number
  if (delay < 0 || !Number.isFinite(delay)) throw outOfRange('msecs', 'a non-negative finite number', delay)
  if (delay <= MAX_TIMEOUT_MS) return delay
  process.emitWarning(
    `${delay} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${MAX_TIMEOUT_MS}.`,
    'TimeoutOverflowWarning',
  )
  return MAX_TIMEOUT_MS
}

function checkListener(callback: unknown): void {
  if (typeof callback !== 'function') throw invalidType('callback', 'of type function', callback)
}
