/** `node:tls` over sockets of this package: the handshake and the records are Node's. */
import tls, { type ConnectionOptions, type Server, type TLSSocket } from 'node:tls'
import { normalizeArguments } from '../arguments.js'
import { attach } from '../attach.js'
import { SocketLife } from '../socket/life.js'
import type { Socket } from '../types.js'
import { connectBelow, putOver } from './below.js'

export { attach }

/**
 * As `tls.connect`, whose forms it takes: `(options, listener)`, `(path, options, listener)`, `(port, host, options, listener)`.
 * With `options.socket` it is that, and where the socket is one of ours its layer tells the addresses below it.
 *
 * @example
 * ```ts
 * import { connect } from '@pollux/net/tls'
 *
 * connect({ host: '127.0.0.1', port: 1 }).on('error', (error) => {
 *   console.log(error.message) // connect ECONNREFUSED 127.0.0.1:1
 * })
 * ```
 */
export const connect = ((...args: unknown[]): TLSSocket => {
  const [target, callback] = normalizeArguments(args)
  const more = args.slice(1).find((arg) => typeof arg === 'object' && arg !== null)
  const options = { ...target, ...more } as ConnectionOptions
  const listener = callback ?? undefined
  const { socket } = options as { socket?: unknown }
  if (socket) {
    const layer = tls.connect(options, listener)
    return socket instanceof SocketLife ? putOver(layer, socket as unknown as Socket) : layer
  }
  return connectBelow(options, (socket) => tls.connect({ ...options, socket }, listener))
}) as typeof tls.connect

/** As `tls.createServer`, listening by {@link attach}. */
export const createServer = ((...args: Parameters<typeof tls.createServer>): Server =>
  attach(tls.createServer(...args))) as typeof tls.createServer
