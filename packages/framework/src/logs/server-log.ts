/** The lines of one server: which event is of which level, and what it says. */
import type { SocketAddress, SocketError } from '@pollux/core'
import type { Logger } from 'pino'
import { CloseReason } from '../connection/close-reason.js'
import type { AnyConnection } from '../connection/connection.js'
import type { OverloadLevel } from '../plugins/plugin.js'
import type { Statistics } from '../server/statistics.js'
import type { Sampler } from './sampler.js'
import { loggedAddress } from './serializers.js'

const OVERLOAD_WORDS: Readonly<Record<OverloadLevel, string>> = {
  0: 'no longer overloaded',
  1: 'overloaded: connections are not read',
  2: 'overloaded: no connections are accepted',
  3: 'overloaded: connections with long queues are closed',
}

/** Failures that are in the nature of networks, and of no interest one by one. */
const OF_THE_NETWORK: readonly string[] = [CloseReason.PEER_RESET, CloseReason.NETWORK_ERROR]

/** Kinds of events that are sampled, before the colon. */
const REFUSED = 'refused'
const FAILED = 'failed'

type Level = 'debug' | 'info' | 'warn' | 'error'

export class ServerLog {
  private readonly logger: Logger
  private readonly sampler: Sampler
  private readonly addresses: boolean

  constructor(logger: Logger, sampler: Sampler, addresses: boolean) {
    this.logger = logger
    this.sampler = sampler
    this.addresses = addresses
  }

  info(fields: object, message: string): void {
    this.logger.info(fields, message)
  }

  closed({ opened, refused, closed }: Statistics): void {
    this.sampler.flush()
    const totals = { opened, refused: Object.fromEntries(refused), closed: Object.fromEntries(closed) }
    this.logger.info(totals, 'closed')
  }

  refused(reason: string, address: SocketAddress | undefined): void {
    if (!this.sampler.take(`${REFUSED}:${reason}`)) return
    this.logger.warn({ reason, ...this.peer(address) }, 'connection refused')
  }

  acceptPaused(error: SocketError, retryMs: number): void {
    this.logger.warn({ err: error, retryMs }, 'accepting no connections for a while')
  }

  overload(level: OverloadLevel): void {
    const name = level === 0 ? 'info' : 'warn'
    this.logger[name]({ overload: level }, OVERLOAD_WORDS[level])
  }

  open(connection: AnyConnection): void {
    if (!this.logger.isLevelEnabled('debug')) return
    this.logger.debug(
      { connection: connection.id, ...this.peer(connection.remoteAddress) },
      'connection opened',
    )
  }

  close(connection: AnyConnection, reason: string, error: unknown): void {
    // A handler may have thrown undefined.
    const failed = error !== undefined || reason === CloseReason.HANDLER_ERROR
    const level = failed ? levelOf(reason) : 'debug'
    if (!this.logger.isLevelEnabled(level)) return
    if (failed && !this.sampler.take(`${FAILED}:${reason}`)) return
    const { id, bytesRead, bytesWritten } = connection
    this.logger[level](
      {
        connection: id,
        reason,
        ...this.peer(connection.remoteAddress),
        bytesRead,
        bytesWritten,
        ...(error === undefined ? {} : { err: error }),
      },
      failed ? 'connection failed' : 'connection closed',
    )
  }

  /** At the end of an interval: how many lines were left out. */
  summary(kind: string, suppressed: number): void {
    const [what, reason] = kind.split(':')
    if (what === REFUSED) this.logger.warn({ reason, suppressed }, 'more connections refused')
    else this.logger[levelOf(reason)]({ reason, suppressed }, 'more connections failed')
  }

  private peer(address: SocketAddress | undefined): { peer?: string } {
    const peer = this.addresses ? loggedAddress(address) : undefined
    return peer === undefined ? {} : { peer }
  }
}

function levelOf(reason: string | undefined): Level {
  if (reason === CloseReason.HANDLER_ERROR) return 'error'
  return reason !== undefined && OF_THE_NETWORK.includes(reason) ? 'debug' : 'info'
}
