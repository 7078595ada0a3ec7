/** What a server takes and tells. */
import type { ListenOptions as NodeListenOptions } from 'node:net'
import { checkNumber, invalidType } from '../arguments.js'
import { checkBlockList } from '../block-list.js'
import type { Adoptable } from '../bound-socket.js'
import type { ServerOptions } from '../types.js'

/** What `listen` takes, on all versions of Node. */
export interface ListenOptions extends Omit<NodeListenOptions, 'handle'> {
  fd?: number
  /** Shares the port with other sockets that ask for it; the system spreads connections over them (SO_REUSEPORT). */
  reusePort?: boolean
  /** A socket that is bound already: a `BoundSocket` of this package; of Node 24. */
  handle?: Adoptable | undefined
}

/** What `drop` tells of a connection that was one too many. Of a Unix socket it tells nothing. */
export interface DropArgument {
  localAddress?: string
  localPort?: number
  localFamily?: string
  remoteAddress?: string
  remotePort?: number
  remoteFamily?: string
}

/** The options checked, as a copy. @throws what `new Server` of Node throws */
export function checkServerOptions(given: unknown): ServerOptions {
  if (given !== undefined && given !== null && typeof given !== 'object') {
    throw invalidType('options', 'of type object', given)
  }
  const options: ServerOptions = { ...given }
  if (options.keepAliveInitialDelay !== undefined) {
    const delay = checkNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
    options.keepAliveInitialDelay = Math.max(delay, 0)
  }
  if (options.highWaterMark !== undefined) {
    const mark = checkNumber(options.highWaterMark, 'options.highWaterMark')
    if (mark < 0) delete options.highWaterMark
  }
  if (options.blockList) checkBlockList(options.blockList, 'options.blockList')
  return options
}
