/** The PROXY protocol, as plugins: to believe a header, and to send one. */
import { checkBoolean, checkInteger, checkObject, invalidArgValue } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import { proxyHeaderTimeout } from '../failures.js'
import { hostOf } from '../limits/address-key.js'
import { type AddressList, addressList, isListed } from '../limits/address-list.js'
import type { Plugin } from '../plugins/plugin.js'
import { encodeProxyHeader, type ProxyHeaderInit } from './encode.js'
import { FIXED_BYTES, type ProxyHeader } from './header.js'
import { DEFAULT_HEADER_BYTES, MAX_HEADER_BYTES } from './parse.js'
import { ProxyFilter } from './proxy-filter.js'

/** Whose header is believed, and how long it may take. */
export interface ProxyProtocolOptions {
  /**
   * The proxies: a `net.BlockList`, or addresses and subnets as text, `['192.0.2.7', '10.0.0.0/8']`. `'unix'` in the array
   * stands for whoever connects to a Unix socket.
   */
  trusted: AddressList
  /**
   * What becomes of others: 'refuse' (the default) them, counted as refused for 'not_allowed'; or take them as 'ordinary'
   * connections, whose bytes are the client's own, a header included.
   */
  untrusted?: 'refuse' | 'ordinary'
  /**
   * Whether a proxy's connection without a header is closed. With false, bytes that begin no header are taken for the
   * client's: a client that the proxy serves could then forge one. Default true.
   */
  required?: boolean
  /** How long the header may take. 0: for ever. Default 3000. */
  timeoutMs?: number
  /** The longest header of version 2; that of version 1 has 107 bytes. Default 4096. */
  maxHeaderBytes?: number
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1
const TIMEOUT_MS = 3000

const headers = new WeakMap<AnyConnection, ProxyHeader>()

/** The plugin that {@link proxyProtocol} makes. */
export class ProxyProtocol implements Plugin {
  readonly name = 'proxy-protocol'
  /** Headers that were believed, those of health checks ('local') included. */
  believed = 0
  /** Connections of proxies that came without, where it is not `required`. */
  missing = 0
  /** Connections that were closed for a header that was malformed, too long, late or incomplete. */
  failed = 0
  private readonly trusted: ReturnType<typeof addressList>
  private readonly trustsUnix: boolean
  private readonly refuses: boolean
  private readonly required: boolean
  private readonly timeoutMs: number
  private readonly maxHeaderBytes: number

  /** Internal: use {@link proxyProtocol}. */
  constructor(options: ProxyProtocolOptions) {
    checkObject(options, 'options')
    const { trusted, untrusted = 'refuse', required = true } = options
    this.trustsUnix = Array.isArray(trusted) && trusted.includes('unix')
    this.trusted = addressList(
      Array.isArray(trusted) ? trusted.filter((entry) => entry !== 'unix') : trusted,
      'trusted',
    )
    if (untrusted !== 'refuse' && untrusted !== 'ordinary') {
      throw invalidArgValue('untrusted', "must be one of: 'refuse', 'ordinary'", untrusted)
    }
    this.refuses = untrusted === 'refuse'
    this.required = checkBoolean(required, 'required')
    this.timeoutMs = checkInteger(options.timeoutMs ?? TIMEOUT_MS, 'timeoutMs', 0, MAX_TIMEOUT_MS)
    const max = options.maxHeaderBytes ?? DEFAULT_HEADER_BYTES
    this.maxHeaderBytes = checkInteger(max, 'maxHeaderBytes', FIXED_BYTES, MAX_HEADER_BYTES)
  }

  accept(connection: AnyConnection): string | undefined {
    if (!this.trusts(connection)) return this.refuses ? 'not_allowed' : undefined
    const { required, maxHeaderBytes, timeoutMs } = this
    let timer: NodeJS.Timeout | undefined
    connection.holdOpening()
    const filter = new ProxyFilter(connection, {
      required,
      maxHeaderBytes,
      done: (header) => {
        clearTimeout(timer)
        this.believe(connection, header)
      },
      failed: () => {
        clearTimeout(timer)
        this.failed++
      },
      closed: () => clearTimeout(timer),
    })
    connection.filter = filter
    const undelivered = connection.takeUndelivered()
    if (timeoutMs > 0) {
      timer = setTimeout(() => filter.fail(proxyHeaderTimeout(timeoutMs)), timeoutMs)
      timer.unref()
    }
    if (undelivered !== undefined) filter.received(undelivered)
    return undefined
  }

  private trusts(connection: AnyConnection): boolean {
    const { remoteAddress } = connection
    if (remoteAddress?.family === 'Unix') return this.trustsUnix
    const host = hostOf(remoteAddress)
    return host !== undefined && isListed(this.trusted, host)
  }

  private believe(connection: AnyConnection, header: ProxyHeader | undefined): void {
    if (header === undefined) {
      this.missing++
      return
    }
    this.believed++
    headers.set(connection, header)
    const { source, destination } = header
    if (source !== undefined && destination !== undefined) connection.assumeAddresses(source, destination)
  }
}

/**
 * A plugin that believes the PROXY protocol's header, version 1 or 2, of trusted proxies: `remoteAddress` and
 * `localAddress` of a connection are then those of the client's connection to the proxy, from the plugins behind this one
 * and from `open` on. The socket's own are those of `connection.socket`; all of the header is {@link proxyHeaderOf}.
 *
 * A header that is malformed, too long or late closes the connection with a `CodecError` and 'proxy_header'.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, proxyProtocol } from '@pollux/framework'
 *
 * const server = createServer({
 *   plugins: [proxyProtocol({ trusted: ['10.0.0.0/8'] })],
 *   open: (conn) => console.log(conn.remoteAddress, 'by way of', conn.socket.remoteAddress),
 *   data: (conn, chunk) => conn.write(chunk),
 * })
 * ```
 */
export function proxyProtocol(options: ProxyProtocolOptions): ProxyProtocol {
  return new ProxyProtocol(options)
}

/** The header that a proxy sent and {@link proxyProtocol} believed; undefined where there was none. */
export function proxyHeaderOf(connection: AnyConnection): ProxyHeader | undefined {
  return headers.get(connection)
}

/**
 * A plugin for `connect`: sends a header before anything else, TLS included.
 *
 * @param header what it says, or a function that says it for each connection
 * @throws TypeError, RangeError
 *
 * @example
 * ```ts
 * import { connect, createServer, sendProxyHeader } from '@pollux/framework'
 *
 * const server = createServer({
 *   async open(client) {
 *     const { remoteAddress: source, localAddress: destination } = client
 *     await connect({ host: '10.0.0.7', port: 80 }, {
 *       plugins: [sendProxyHeader({ source, destination })],
 *       data: (_upstream, chunk) => client.write(chunk),
 *     })
 *   },
 * })
 * ```
 */
export function sendProxyHeader(
  header: ProxyHeaderInit | ((connection: AnyConnection) => ProxyHeaderInit),
): Plugin {
  if (typeof header !== 'function') {
    checkObject(header, 'header')
    encodeProxyHeader(header)
  }
  return {
    name: 'send-proxy-header',
    accept(connection) {
      const init = typeof header === 'function' ? header(connection) : header
      connection.rawWrite(encodeProxyHeader(init))
      return undefined
    },
  }
}
