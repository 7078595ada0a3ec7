/** What the admin server answers to each path. */
import type { Registry } from 'prom-client'
import type { AnyServer } from '../server/server.js'
import { assetAt } from './assets.js'
import { type ConnectionQuery, connectionsOf, SORTS, type Sort } from './connections.js'
import type { History } from './history.js'
import { unready } from './readiness.js'
import { statsOf } from './stats.js'

export interface Answer {
  status: number
  type: string
  body: string | Buffer
}

/** What `/metrics` needs of a registry of prom-client; whoever adds up several may have one of their own. */
export type MetricsSource = Pick<Registry, 'contentType' | 'metrics'>

/** What is asked about. */
export interface Subject {
  readonly servers: readonly AnyServer[]
  readonly registry: MetricsSource
  readonly history: History
}

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000
const MAX_OFFSET = 10_000

/** A query that makes no sense; its message is the answer. */
class BadQuery extends Error {}

/** @param url of a GET request; only its path and its query count */
export async function answer(url: URL, subject: Subject): Promise<Answer> {
  try {
    return await answerTo(url, subject)
  } catch (error) {
    if (error instanceof BadQuery) return text(400, error.message)
    throw error
  }
}

async function answerTo({ pathname, searchParams }: URL, subject: Subject): Promise<Answer> {
  const { servers, registry, history } = subject
  switch (pathname) {
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() }
    case '/healthz':
      return text(200, 'ok')
    case '/readyz': {
      const reason = unready(servers)
      return reason === undefined ? text(200, 'ready') : { status: 503, type: TEXT, body: reason }
    }
    case '/connections':
      return json(connectionsOf(servers, history.births, connectionQuery(searchParams)))
    case '/stats':
      return json(statsOf(servers, history, integer(searchParams, 'since', -1, Number.MAX_SAFE_INTEGER, -1)))
  }
  const asset = await assetAt(pathname)
  return asset === undefined ? text(404, 'there is nothing here') : { status: 200, ...asset }
}

function connectionQuery(query: URLSearchParams): ConnectionQuery {
  const sort = query.get('sort') ?? SORTS[0]
  if (!SORTS.includes(sort as Sort)) throw new BadQuery(`sort must be one of ${SORTS.join(', ')}`)
  return {
    sort: sort as Sort,
    limit: integer(query, 'limit', 0, MAX_LIMIT, DEFAULT_LIMIT),
    offset: integer(query, 'offset', 0, MAX_OFFSET, 0),
    server: query.get('server') ?? undefined,
  }
}

function integer(query: URLSearchParams, name: string, min: number, max: number, otherwise: number): number {
  const value = query.get(name)
  if (value === null) return otherwise
  const number = Number(value)
  if (!/^-?\d+$/.test(value) || number < min || number > max) {
    throw new BadQuery(`${name} must be an integer from ${min} to ${max}`)
  }
  return number
}

function json(value: unknown): Answer {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(value) }
}

/** One line. */
export function text(status: number, line: string): Answer {
  return { status, type: TEXT, body: `${line}\n` }
}
