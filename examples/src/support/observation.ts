/** What a server in production has switched on, for measuring what it costs. */
import { limits, overload, type Plugin } from '@pollux/framework'
import { logs } from '@pollux/framework/logs'
import { metrics, Registry } from '@pollux/framework/metrics'

/** Far above what any load reaches: what costs is the counting. */
const MANY_CONNECTIONS = 1_000_000
const BYTES_PER_SECOND = 1e12
const QUEUED_BYTES = 2 ** 40

const STANDARD_ERROR = 2

/**
 * Metrics, logs and limits.
 *
 * @param messagesPerSecond a limit of messages, for servers with a codec
 */
export function observation(messagesPerSecond?: number): Plugin[] {
  return [
    metrics({ registry: new Registry() }),
    logs({ destination: STANDARD_ERROR }),
    limits({
      maxConnections: MANY_CONNECTIONS,
      maxConnectionsPerAddress: MANY_CONNECTIONS,
      bytesPerSecond: BYTES_PER_SECOND,
      ...(messagesPerSecond === undefined ? {} : { messagesPerSecond }),
    }),
    overload({ maxQueuedBytes: QUEUED_BYTES }),
  ]
}
