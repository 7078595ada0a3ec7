/** What a socket is made with, checked, and what of it the stream is made with. */
import type { BlockList, SocketConstructorOpts } from 'node:net'
import type { DuplexOptions } from 'node:stream'
import { checkNumber, invalidValue } from '../arguments.js'
import type { Wire } from '../wire.js'

/** What the constructor takes, beside what Node documents for it. */
export interface InternalOptions extends Omit<SocketConstructorOpts, 'onread'>, DuplexOptions {
  wire?: Wire
  pauseOnCreate?: boolean
  manualStart?: boolean
  onread?: unknown
  handle?: unknown
  captureRejections?: boolean
  blockList?: BlockList
  noDelay?: boolean
  keepAlive?: boolean
  keepAliveInitialDelay?: number
  keepAliveInterval?: number
  keepAliveCount?: number
  typeOfService?: number
}

/** What the stream reads of them, by name: a copy of unknown shape would make each look-up of its constructor a slow one. */
export function streamOptions(options: InternalOptions): DuplexOptions {
  return {
    allowHalfOpen: Boolean(options.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
    readable: options.readable,
    writable: options.writable,
    highWaterMark: options.highWaterMark,
    readableHighWaterMark: options.readableHighWaterMark,
    writableHighWaterMark: options.writableHighWaterMark,
    encoding: options.encoding,
    defaultEncoding: options.defaultEncoding,
    captureRejections: options.captureRejections,
    signal: options.signal,
    construct: options.construct,
    read: options.read,
    write: options.write,
    writev: options.writev,
    final: options.final,
    destroy: options.destroy,
  } as DuplexOptions
}

export function checkedOptions(options: unknown): InternalOptions {
  const given = (typeof options === 'number' ? { fd: options } : (options ?? {})) as InternalOptions
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (given[name]) throw invalidValue(`options.${name}`, given[name], 'is not supported')
  }
  if (given.keepAliveInitialDelay === undefined) return given
  checkNumber(given.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
  return given.keepAliveInitialDelay < 0 ? { ...given, keepAliveInitialDelay: 0 } : given
}
