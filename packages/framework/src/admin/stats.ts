/** What the page of the dashboard asks for each second: `/stats`. */
import { randomUUID } from 'node:crypto'
import { formatAddress } from '@pollux/core'
import type { AnyServer } from '../server/server.js'
import type { History, Sample } from './history.js'
import { unready } from './readiness.js'

/** A server as it is now. */
export interface ServerStats {
  name: string
  addresses: string[]
  ready: boolean
  connections: number
  /** Totals by reason. */
  refused: Record<string, number>
  closed: Record<string, number>
}

/** The body of `/stats`. */
export interface Stats {
  /** Another one after a restart, whose numbers begin anew. */
  instance: string
  /** Whether `/readyz` says yes. */
  ready: boolean
  uptimeMs: number
  pid: number
  node: string
  backend: string
  servers: ServerStats[]
  /** Samples after the number that was given as `since`. */
  history: Sample[]
}

const instance = randomUUID()

/** @param after the number of the last sample that the page has; -1 for none */
export function statsOf(servers: readonly AnyServer[], history: History, after: number): Stats {
  return {
    instance,
    ready: unready(servers) === undefined,
    uptimeMs: Math.round(process.uptime() * 1000),
    pid: process.pid,
    node: process.versions.node,
    backend: [...new Set(servers.map(({ loop }) => loop.backend))].join(', '),
    servers: servers.map((server) => ({
      name: server.name,
      addresses: server.addresses.map(formatAddress),
      ready: server.isReady,
      connections: server.connections,
      refused: Object.fromEntries(server.statistics.refused),
      closed: Object.fromEntries(server.statistics.closed),
    })),
    history: history.after(after),
  }
}
