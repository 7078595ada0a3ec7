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
  blockList?: BlockList
  noDelay?: boolean
  keepAlive?: boolean
  keepAliveInitialDelay?: number
}

export function streamOptions(options: InternalOptions): DuplexOptions {
  return {
    ...options,
    allowHalfOpen: Boolean(options.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  }
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
