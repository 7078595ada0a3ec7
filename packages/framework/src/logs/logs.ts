/** The plugin that logs what happens to a server, one JSON object a line. */
import {
  checkBoolean,
  checkInteger,
  checkObject,
  formatAddress,
  invalidArgType,
  invalidArgValue,
} from '@pollux/core'
import { type DestinationStream, destination, type Logger, pino } from 'pino'
import type { AnyConnection } from '../connection/connection.js'
import type { Plugin } from '../plugins/plugin.js'
import type { AnyServer } from '../server/server.js'
import { Sampler, type SamplingOptions } from './sampler.js'
import { loggedError } from './serializers.js'
import { ServerLog } from './server-log.js'

/** What {@link logs} takes. */
export interface LogsOptions {
  /** Where lines go: a logger of pino, of which each server gets a child. Default: one that is made of the options below. */
  logger?: Logger
  /** The least level that is logged, without a `logger`. Default 'info'. */
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** Without a `logger`: a descriptor, a file, or a stream of pino's. Default 1, the standard output. */
  destination?: number | string | DestinationStream
  /** How many errors and refusals of a kind are logged one by one. */
  sampling?: SamplingOptions
  /** Whether addresses of peers are logged. Default true. */
  addresses?: boolean
  /**
   * Whether the messages of errors are logged that are not Pollux's own. They are what your handlers throw, and may quote
   * what a peer has sent, as those of `JSON.parse` do. Default true.
   */
  errorText?: boolean
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const PER_INTERVAL = 5
const INTERVAL_MS = 10_000
const MAX_INT = 2 ** 31 - 1

/**
 * Logs of a server, by pino: structured, sampled, and without anything that a peer has sent. One plugin may be given to
 * several servers; each gets a child logger with its name as `server`.
 *
 * | level | what |
 * | --- | --- |
 * | error | a handler threw, or its promise was rejected |
 * | warn | accepting paused; overloaded; connections refused |
 * | info | listening, closing, closed; accepting again; no longer overloaded; codec errors and other failures of a connection that are not the network's |
 * | debug | failures of the network; a connection opened, closed |
 *
 * Errors and refusals are sampled: the first few of each kind in an interval, and then how many more there were.
 *
 * @throws TypeError or RangeError that names the option
 *
 * @example
 * ```ts
 * import { createServer } from '@pollux/framework'
 * import { logs } from '@pollux/framework/logs'
 *
 * const server = createServer({
 *   name: 'echo',
 *   plugins: [logs()],
 *   data: (conn, chunk) => conn.write(chunk),
 * })
 * await server.listen({ host: '127.0.0.1', port: 0 })
 * // {"level":30,"time":…,"pid":…,"hostname":…,"server":"echo","address":"tcp://127.0.0.1:49152","msg":"listening"}
 * await server.close()
 * ```
 */
export function logs(options: LogsOptions = {}): Plugin {
  checkObject(options, 'options')
  const logger = options.logger === undefined ? makeLogger(options) : checkLogger(options.logger)
  const { perInterval = PER_INTERVAL, intervalMs = INTERVAL_MS } = options.sampling ?? {}
  checkInteger(perInterval, 'sampling.perInterval', 0, MAX_INT)
  checkInteger(intervalMs, 'sampling.intervalMs', 1, MAX_INT)
  const addresses = checkBoolean(options.addresses ?? true, 'addresses')
  const errorText = checkBoolean(options.errorText ?? true, 'errorText')
  // In place of pino's own, which adds causes and whatever else an error has.
  const serializers = { err: (error: unknown) => loggedError(error, errorText) }
  const servers = new WeakMap<AnyServer, ServerLog>()

  /** A client's connections have no server. */
  const logOf = (server: AnyServer | undefined) => server && servers.get(server)
  return {
    name: 'logs',
    install(server) {
      const child = logger.child({ server: server.name }, { serializers })
      const summarize = (kind: string, suppressed: number) => log.summary(kind, suppressed)
      const log = new ServerLog(child, new Sampler(perInterval, intervalMs, summarize), addresses)
      servers.set(server, log)
    },
    listening: (server, address) => logOf(server)?.info({ address: formatAddress(address) }, 'listening'),
    closing: (server) => logOf(server)?.info({ connections: server.connections }, 'closing'),
    closed: (server) => logOf(server)?.closed(server.statistics),
    refused: (server, reason, address) => logOf(server)?.refused(reason, address),
    open: (connection: AnyConnection) => logOf(connection.server)?.open(connection),
    close: (connection, reason, error) => logOf(connection.server)?.close(connection, reason, error),
    acceptPaused: (server, error, retryMs) => logOf(server)?.acceptPaused(error, retryMs),
    acceptResumed: (server) => logOf(server)?.info({}, 'accepting connections again'),
    overload: (server, level) => logOf(server)?.overload(level),
  }
}

function makeLogger({ level = 'info', destination: to = 1 }: LogsOptions): Logger {
  if (!LEVELS.includes(level)) throw invalidArgValue('level', `must be one of ${LEVELS.join(', ')}`, level)
  return pino({ level }, typeof to === 'object' ? to : destination(to))
}

function checkLogger(logger: unknown): Logger {
  if (
    typeof logger !== 'object' ||
    logger === null ||
    !('child' in logger) ||
    !('isLevelEnabled' in logger)
  ) {
    throw invalidArgType('logger', 'a logger of pino', logger)
  }
  return logger as Logger
}
