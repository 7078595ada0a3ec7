/** The connections with the longest queues, the most bytes, or the longest lives: `/connections`. */
import { formatAddress, type TcpInfo } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import type { AnyServer } from '../server/server.js'
import type { Births } from './births.js'
import { Heaviest } from './heaviest.js'

/** What connections can be sorted by, the greatest first. */
export const SORTS = ['queue', 'bytes', 'age'] as const
export type Sort = (typeof SORTS)[number]

export interface ConnectionQuery {
  sort: Sort
  limit: number
  offset: number
  /** Name of the only server that is of interest. */
  server: string | undefined
}

/** A connection, as it is now. */
export interface ConnectionRow {
  id: number
  server: string
  /** 'tcp://127.0.0.1:7000', or null where the peer has gone. */
  address: string | null
  state: string
  /** Nothing is read at present, by whose wish ever. */
  paused: boolean
  /** To the second; null for one that is younger than that. */
  ageMs: number | null
  queuedBytes: number
  receivedBytes: number
  sentBytes: number
  /** Null for a Unix socket, and where the system has no TCP_INFO. */
  tcp: TcpInfo | null
}

export interface ConnectionPage {
  /** How many there are in all. */
  total: number
  sort: Sort
  offset: number
  limit: number
  connections: ConnectionRow[]
}

const WEIGHTS: Readonly<Record<Sort, (connection: AnyConnection) => number>> = {
  queue: (connection) => connection.queuedBytes,
  bytes: (connection) => connection.bytesRead + connection.bytesWritten,
  // They are numbered in the order in which they open.
  age: (connection) => -connection.id,
}

/** One page of them. What takes a system call is looked up for this page only. */
export function connectionsOf(
  servers: readonly AnyServer[],
  births: Births,
  { sort, limit, offset, server: name }: ConnectionQuery,
): ConnectionPage {
  const weigh = WEIGHTS[sort]
  const heaviest = new Heaviest<AnyConnection>(offset + limit)
  let total = 0
  for (const server of servers) {
    if (name !== undefined && server.name !== name) continue
    for (const connection of server.list()) {
      total++
      heaviest.offer(connection, weigh(connection))
    }
  }
  const nowMs = performance.now()
  const connections = heaviest.sorted().slice(offset)
  return { total, sort, offset, limit, connections: connections.map((each) => rowOf(each, births, nowMs)) }
}

function rowOf(connection: AnyConnection, births: Births, nowMs: number): ConnectionRow {
  const { id, server, remoteAddress } = connection
  const bornMs = births.timeOf(id)
  return {
    id,
    server: server?.name ?? '',
    address: remoteAddress === undefined ? null : formatAddress(remoteAddress),
    state: connection.readyState,
    paused: connection.isPaused,
    ageMs: bornMs === undefined ? null : Math.round(nowMs - bornMs),
    queuedBytes: connection.queuedBytes,
    receivedBytes: connection.bytesRead,
    sentBytes: connection.bytesWritten,
    tcp: remoteAddress?.family === 'Unix' ? null : tcpInfoOf(connection),
  }
}

function tcpInfoOf({ socket }: AnyConnection): TcpInfo | null {
  try {
    return socket.getsockopt('IPPROTO_TCP', 'TCP_INFO')
  } catch {
    // Closed meanwhile, or a system without it: the row is of use all the same.
    return null
  }
}
