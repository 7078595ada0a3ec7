/** Hashes: fields with a value each. */
import { int64 } from '../arguments.js'
import type { Client } from '../client.js'
import { type Command, command, ONE_KEY } from '../command.js'
import { type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'
import { addTo } from './strings.js'

const NONE: ReadonlyMap<string, string> = new Map()

function writable({ db }: Client, request: Request): Map<string, string> {
  const hash = db.hash(request, 1)
  if (hash !== undefined) return hash
  const fresh = new Map<string, string>()
  db.put(request, 1, fresh)
  return fresh
}

function readable({ db }: Client, request: Request): ReadonlyMap<string, string> {
  return db.hash(request, 1) ?? NONE
}

function set(client: Client, request: Request): Reply {
  if (request.count % 2 === 1) throw new ReplyError("ERR wrong number of arguments for 'hset' command")
  const hash = writable(client, request)
  const before = hash.size
  for (let i = 2; i < request.count; i += 2) hash.set(request.text(i), request.text(i + 1))
  return hash.size - before
}

function setIfNone(client: Client, request: Request): Reply {
  const field = request.text(2)
  if (readable(client, request).has(field)) return 0
  writable(client, request).set(field, request.text(3))
  return 1
}

function getMany(client: Client, request: Request): Reply {
  const hash = readable(client, request)
  return request.texts(2).map((field) => hash.get(field) ?? null)
}

function deleteFields({ db }: Client, request: Request): Reply {
  const hash = db.hash(request, 1)
  if (hash === undefined) return 0
  const before = hash.size
  for (const field of request.texts(2)) hash.delete(field)
  const { size } = hash
  db.deleteIfEmpty(request, 1, size)
  return before - size
}

function increaseBy(client: Client, request: Request): Reply {
  const delta = int64(request, 3)
  const field = request.text(2)
  const sum = addTo(readable(client, request).get(field) ?? '0', delta)
  if (sum === undefined) throw new ReplyError('ERR hash value is not an integer')
  writable(client, request).set(field, String(sum))
  return sum
}

export const HASH_COMMANDS: Command[] = [
  command('hset', -4, 'write denyoom fast', ONE_KEY, set),
  command('hsetnx', 4, 'write denyoom fast', ONE_KEY, setIfNone),
  command('hget', 3, 'readonly fast', ONE_KEY, (client, request) => {
    return readable(client, request).get(request.text(2)) ?? null
  }),
  command('hmget', -3, 'readonly fast', ONE_KEY, getMany),
  command('hgetall', 2, 'readonly', ONE_KEY, readable),
  command('hdel', -3, 'write fast', ONE_KEY, deleteFields),
  command('hexists', 3, 'readonly fast', ONE_KEY, (client, request) => {
    return readable(client, request).has(request.text(2)) ? 1 : 0
  }),
  command('hlen', 2, 'readonly fast', ONE_KEY, (client, request) => readable(client, request).size),
  command('hkeys', 2, 'readonly', ONE_KEY, (client, request) => [...readable(client, request).keys()]),
  command('hvals', 2, 'readonly', ONE_KEY, (client, request) => [...readable(client, request).values()]),
  command('hincrby', 4, 'write denyoom fast', ONE_KEY, increaseBy),
]
