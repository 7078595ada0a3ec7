/** The interface of `node:net`, on Pollux. */
import {
  BlockList,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  SocketAddress,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from 'node:net'
import { normalizeArguments } from './arguments.js'
import { BoundSocket } from './bound-socket.js'
import type { ServerOptions } from './server/options.js'
import { Server } from './server/server.js'
import type { InternalOptions } from './socket/options.js'
import { Socket } from './socket/socket.js'

export {
  BlockList,
  BoundSocket,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  Server,
  Socket,
  SocketAddress,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
}

/** The old name of {@link Socket}. */
export const Stream = Socket

/** As `net.createServer`. */
export function createServer(
  options?: ServerOptions | ((socket: Socket) => void),
  listener?: (socket: Socket) => void,
): Server {
  return new Server(options, listener)
}

/** As `net.connect`. */
export function connect(...args: unknown[]): Socket {
  const [options, callback] = normalizeArguments(args)
  const given = options as InternalOptions & { timeout?: number }
  const socket = new Socket(given)
  if (given.timeout) socket.setTimeout(given.timeout)
  return callback === null ? socket.connect(options) : socket.connect(options, callback)
}

/** As `net.createConnection`. */
export const createConnection = connect

export default {
  BlockList,
  BoundSocket,
  connect,
  createConnection,
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  Server,
  Socket,
  SocketAddress,
  Stream,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
}
