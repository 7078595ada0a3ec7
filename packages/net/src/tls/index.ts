/** `node:tls` over sockets of this package: the handshake and the records are Node's. */
import tls, { type ConnectionOptions, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { normalizeArguments } from '../arguments.js'
import { attach } from '../http/attach.js'
import { connectBelowTls } from './below-tls.js'

export { attach }

/**
 * As `tls.connect`, whose forms it takes: `(options, listener)`, `(path, options, listener)`, `(port, host, options, listener)`.
 * With `options.socket` it is exactly that.
 *
 * @example
 * ```ts
 * import { connect } from '@pollux/net/tls'
 *
 * const socket = connect({ host: '127.0.0.1', port: 1 }).on('error', (error) => console.log(error.message))
 * ```
 */
export function connect(...args: unknown[]): TLSSocket {
  const [target, callback] = normalizeArguments(args)
  const more = args.slice(1).find((arg) => typeof arg === 'object' && arg !== null)
  const options = { ...target, ...more } as ConnectionOptions
  const listener = callback ?? undefined
  if (options.socket) return tls.connect(options, listener)
  return tls.connect({ ...options, socket: connectBelowTls(options) }, listener)
}

/** As `tls.createServer`, listening by {@link attach}. */
export function createServer(
  options?: TlsOptions | ((socket: TLSSocket) => void),
  listener?: (socket: TLSSocket) => void,
): Server {
  return attach(
    typeof options === 'function' ? tls.createServer(options) : tls.createServer(options ?? {}, listener),
  )
}
