/** The plugin of limits: how many connections, from where, and how much each of them may send. */
import { checkInteger, checkObject, type EventLoop, invalidArgValue } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import type { Plugin } from '../plugins/plugin.js'
import { AddressCounts } from './address-counts.js'
import { type AddressList, addressList } from './address-list.js'
import { Admission } from './admission.js'
import { rateOf } from './rate.js'
import { RateLimiter } from './rate-limiter.js'

/** Options of {@link limits}. What is not given is not limited. */
export interface LimitsOptions {
  /** The most connections that are open at the same time. The others are refused: 'max_connections'. */
  maxConnections?: number
  /**
   * The same for each address; IPv6 addresses of one network count together. Unix sockets have no address, and are not
   * counted. 'max_connections_per_address'.
   */
  maxConnectionsPerAddress?: number
  /** How many bits of an IPv6 address name the network. Default 64. */
  ipv6PrefixBits?: number
  /** New connections per second: 'accept_rate'. */
  acceptsPerSecond?: number
  /** How many may come at once. Default: those of one second. */
  acceptBurst?: number
  /** Messages per second, of each connection. Needs a codec. */
  messagesPerSecond?: number
  /** How many may come at once. Default: those of one second. */
  messageBurst?: number
  /** Received bytes per second, of each connection. One receive (64 KiB at most) may go past it, and is made up for. */
  bytesPerSecond?: number
  /** How many may come at once. Default: those of one second. */
  byteBurst?: number
  /**
   * What becomes of a connection that sends too much. 'hold' (the default): it is not read until it may go on, and its
   * peer has to wait. 'close': it is destroyed with ERR_POLLUX_RATE_LIMITED, and `closeReason` is 'rate_limited'.
   */
  overRate?: 'hold' | 'close'
  /** If given, only these may connect: 'not_allowed'. Unix sockets may always. */
  allow?: AddressList
  /** These may not, even if `allow` has them: 'denied'. */
  deny?: AddressList
  /**
   * For tests: the clock of the rates, in milliseconds that never go back. Default: that of the event loop, which no change
   * of the time of day moves.
   */
  clock?: () => number
}

const MAX_INT = 2 ** 31 - 1

const UNLIMITED = Number.POSITIVE_INFINITY

/**
 * Makes the plugin of limits. Given to several servers of one event loop, it counts their connections together.
 *
 * Who is refused sees a reset, and no handler hears of it; `server.statistics.refused` counts by reason.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer, limits, lines } from '@pollux/framework'
 *
 * const server = createServer({
 *   codec: lines(),
 *   plugins: [limits({ maxConnections: 10_000, maxConnectionsPerAddress: 100, messagesPerSecond: 50 })],
 *   message: (conn, line) => conn.send(line),
 * })
 * ```
 */
export function limits(options: LimitsOptions): Plugin {
  checkObject(options, 'options')
  const { allow, deny, overRate = 'hold' } = options
  if (overRate !== 'hold' && overRate !== 'close') {
    throw invalidArgValue('overRate', "must be 'hold' or 'close'", overRate)
  }
  const rules = {
    maxConnections: checkMost(options.maxConnections, 'maxConnections'),
    counts: countsOf(options),
    accepts: rateOf(options.acceptsPerSecond, 'acceptsPerSecond', options.acceptBurst, 'acceptBurst'),
    allow: allow === undefined ? null : addressList(allow, 'allow'),
    deny: deny === undefined ? null : addressList(deny, 'deny'),
  }
  const messages = rateOf(
    options.messagesPerSecond,
    'messagesPerSecond',
    options.messageBurst,
    'messageBurst',
  )
  const bytes = rateOf(options.bytesPerSecond, 'bytesPerSecond', options.byteBurst, 'byteBurst')

  let loop: EventLoop | undefined
  const clock = options.clock ?? (() => (loop as EventLoop).now())
  // That of the last receive is at hand, and costs no call.
  const receivedMs = options.clock ?? ((connection: AnyConnection) => connection.lastActivityMs)
  const admission = new Admission(rules, clock)
  const limiter = new RateLimiter(bytes, messages, overRate === 'close', clock, receivedMs)
  const plugin: Plugin = {
    name: 'limits',
    install(server) {
      if (loop !== undefined && loop !== server.loop) {
        throw invalidArgValue('plugins', 'can share limits() on one event loop only', 'a second loop')
      }
      loop = server.loop
    },
    accept(connection) {
      const refusal = admission.refusal(connection)
      if (refusal === undefined) limiter.opened(connection.slot)
      return refusal
    },
    refused() {
      admission.refusedByOthers()
    },
    // It is destroyed, whether it was ever open or another plugin's `accept` threw.
    error(connection) {
      admission.left(connection.slot)
    },
    close(connection) {
      admission.left(connection.slot)
      limiter.closed(connection)
    },
  }
  // Hooks that would do nothing cost something all the same.
  if (bytes !== null)
    plugin.received = (connection: AnyConnection, count) => limiter.received(connection, count)
  if (messages !== null) plugin.message = (connection: AnyConnection) => limiter.message(connection)
  return plugin
}

function countsOf(options: LimitsOptions): AddressCounts | null {
  const { maxConnectionsPerAddress, ipv6PrefixBits } = options
  const bits = checkInteger(ipv6PrefixBits ?? 64, 'ipv6PrefixBits', 1, 128)
  if (maxConnectionsPerAddress === undefined) return null
  return new AddressCounts(checkMost(maxConnectionsPerAddress, 'maxConnectionsPerAddress'), bits)
}

function checkMost(value: number | undefined, name: string): number {
  return value === undefined ? UNLIMITED : checkInteger(value, name, 0, MAX_INT)
}
