/** Keys of any type, and when they expire. */
import { endOf, integer, NO_SUCH_KEY, SYNTAX_ERROR } from '../arguments.js'
import type { Client } from '../client.js'
import { ALL_KEYS, type Command, command, NO_KEY, ONE_KEY, type Run } from '../command.js'
import { type Database, typeName } from '../database.js'
import { matchesGlob } from '../glob.js'
import type { Entry } from '../keyspace.js'
import { OK, ReadyReply, type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'

const NONE = ReadyReply.status('none')
const TYPES = {
  string: ReadyReply.status('string'),
  hash: ReadyReply.status('hash'),
  list: ReadyReply.status('list'),
  set: ReadyReply.status('set'),
}

/** How many keys one call of SCAN looks at, without COUNT. */
const SCAN_COUNT = 10

function exists({ db }: Client, request: Request): Reply {
  let count = 0
  for (let i = 1; i < request.count; i++) if (db.find(request, i) !== undefined) count++
  return count
}

function deleteKeys({ db }: Client, request: Request): Reply {
  let count = 0
  for (let i = 1; i < request.count; i++) {
    const entry = db.find(request, i)
    if (entry === undefined) continue
    db.delete(entry)
    count++
  }
  return count
}

/** EXPIRE and its siblings; `unit` as the option of SET that says the same. */
function expire(unit: string): Run {
  return ({ db }, request) => {
    const conditions = request.texts(3).map((word) => word.toLowerCase())
    checkConditions(conditions, request)
    const atMs = endOf(request, 2, unit, true)
    const entry = db.find(request, 1)
    if (entry === undefined || !conditions.every((word) => mayExpire(word, db.endOf(entry), atMs))) return 0
    if (atMs > Date.now()) db.expireAt(entry, atMs)
    else db.delete(entry)
    return 1
  }
}

function checkConditions(conditions: string[], request: Request): void {
  const unknown = conditions.findIndex((word) => !['nx', 'xx', 'gt', 'lt'].includes(word))
  if (unknown >= 0) throw new ReplyError(`ERR Unsupported option ${request.text(3 + unknown)}`)
  if (conditions.includes('nx') && conditions.some((word) => word !== 'nx')) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (conditions.includes('gt') && conditions.includes('lt')) {
    throw new ReplyError('ERR GT and LT options at the same time are not compatible')
  }
}

/** @param beforeMs 0 for a key that does not expire: later than any time */
function mayExpire(condition: string, beforeMs: number, atMs: number): boolean {
  switch (condition) {
    case 'nx':
      return beforeMs === 0
    case 'xx':
      return beforeMs !== 0
    case 'gt':
      return beforeMs !== 0 && atMs > beforeMs
    default:
      return beforeMs === 0 || atMs < beforeMs
  }
}

function remaining(unitMs: number): Run {
  return ({ db }, request) => {
    const entry = db.find(request, 1)
    if (entry === undefined) return -2
    return entry.expires ? Math.round((db.endOf(entry) - Date.now()) / unitMs) : -1
  }
}

function persist({ db }: Client, request: Request): Reply {
  const entry = db.find(request, 1)
  if (entry === undefined || !entry.expires) return 0
  db.expireAt(entry, 0)
  return 1
}

function rename({ db }: Client, request: Request): Reply {
  const entry = db.find(request, 1)
  if (entry === undefined) throw NO_SUCH_KEY
  if (request.text(1) === request.text(2)) return OK
  const endsAtMs = db.endOf(entry)
  db.delete(entry)
  const renamed = db.put(request, 2, entry.value)
  if (endsAtMs !== 0) db.expireAt(renamed, endsAtMs)
  return OK
}

/** Expired keys that are still there don't count. */
function* livingEntries(db: Database): Generator<Entry> {
  const nowMs = Date.now()
  for (const entry of db.keys) if (!isOver(db, entry, nowMs)) yield entry
}

function isOver(db: Database, entry: Entry, nowMs: number): boolean {
  return entry.expires && db.endOf(entry) <= nowMs
}

function keys({ db }: Client, request: Request): Reply {
  const pattern = request.text(1)
  const found: string[] = []
  for (const { key } of livingEntries(db)) if (matchesGlob(pattern, key)) found.push(key)
  return found
}

function scan({ db }: Client, request: Request): Reply {
  if (!/^\d{1,20}$/.test(request.text(1))) throw new ReplyError('ERR invalid cursor')
  let cursor = Number(request.text(1)) >>> 0
  const { pattern, count, type } = scanOptions(request)
  const nowMs = Date.now()
  const found: string[] = []
  let looked = 0
  const look = (entry: Entry) => {
    looked++
    if (isOver(db, entry, nowMs) || (type !== undefined && typeName(entry.value) !== type)) return
    if (pattern === undefined || matchesGlob(pattern, entry.key)) found.push(entry.key)
  }
  // Bounded: in a table that is mostly empty, most buckets are.
  let buckets = 10 * count
  do {
    cursor = db.keys.scan(cursor, look)
  } while (cursor !== 0 && looked < count && --buckets > 0)
  return [String(cursor), found]
}

function scanOptions(request: Request) {
  const options: { pattern?: string; count: number; type?: string } = { count: SCAN_COUNT }
  for (let i = 2; i < request.count; i += 2) {
    const word = request.word(i)
    if (i + 1 === request.count) throw SYNTAX_ERROR
    if (word === 'match') options.pattern = request.text(i + 1)
    else if (word === 'type') options.type = request.word(i + 1)
    else if (word === 'count') options.count = integer(request, i + 1)
    else throw SYNTAX_ERROR
    if (options.count < 1) throw SYNTAX_ERROR
  }
  return options
}

function size({ db }: Client): Reply {
  return db.keys.size
}

function type({ db }: Client, request: Request): Reply {
  const entry = db.find(request, 1)
  return entry === undefined ? NONE : TYPES[typeName(entry.value)]
}

function checkFlush(request: Request): void {
  if (request.count > 2 || (request.count === 2 && !['async', 'sync'].includes(request.word(1))))
    throw SYNTAX_ERROR
}

function flush({ db }: Client, request: Request): Reply {
  checkFlush(request)
  db.clear()
  return OK
}

function flushAll({ kv }: Client, request: Request): Reply {
  checkFlush(request)
  for (const db of kv.databases) db.clear()
  return OK
}

export const KEY_COMMANDS: Command[] = [
  command('exists', -2, 'readonly fast', ALL_KEYS, exists),
  command('del', -2, 'write', ALL_KEYS, deleteKeys),
  command('unlink', -2, 'write fast', ALL_KEYS, deleteKeys),
  command('type', 2, 'readonly fast', ONE_KEY, type),
  command('expire', -3, 'write fast', ONE_KEY, expire('ex')),
  command('pexpire', -3, 'write fast', ONE_KEY, expire('px')),
  command('expireat', -3, 'write fast', ONE_KEY, expire('exat')),
  command('pexpireat', -3, 'write fast', ONE_KEY, expire('pxat')),
  command('ttl', 2, 'readonly fast', ONE_KEY, remaining(1000)),
  command('pttl', 2, 'readonly fast', ONE_KEY, remaining(1)),
  command('persist', 2, 'write fast', ONE_KEY, persist),
  command('rename', 3, 'write', [1, 2, 1], rename),
  command('keys', 2, 'readonly', NO_KEY, keys),
  command('scan', -2, 'readonly', NO_KEY, scan),
  command('dbsize', 1, 'readonly fast', NO_KEY, size),
  command('flushdb', -1, 'write', NO_KEY, flush),
  command('flushall', -1, 'write', NO_KEY, flushAll),
]
