/** Lists. */
import { integer, NO_SUCH_KEY, optionalCount, range } from '../arguments.js'
import type { Client } from '../client.js'
import { type Command, command, ONE_KEY, type Run } from '../command.js'
import { wrongNumber } from '../errors.js'
import { List } from '../list.js'
import { NULL_ARRAY, OK, type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'

function push(end: 'push' | 'unshift'): Run {
  return ({ db }, request) => {
    let list = db.list(request, 1)
    if (list === undefined) {
      list = new List()
      db.put(request, 1, list)
    }
    for (let i = 2; i < request.count; i++) list[end](request.text(i))
    return list.length
  }
}

function pop(end: 'pop' | 'shift'): Run {
  return ({ db }, request) => {
    if (request.count > 3) throw wrongNumber(request.word(0))
    const count = optionalCount(request, 2)
    const list = db.list(request, 1)
    if (list === undefined) return count === undefined ? null : NULL_ARRAY
    const items: string[] = []
    for (let left = Math.min(count ?? 1, list.length); left > 0; left--) items.push(list[end]())
    db.deleteIfEmpty(request, 1, list.length)
    return count === undefined ? items[0] : items
  }
}

function slice({ db }: Client, request: Request): Reply {
  const [first, last] = [integer(request, 2), integer(request, 3)]
  const list = db.list(request, 1)
  return list?.slice(...range(first, last, list.length)) ?? []
}

function trim({ db }: Client, request: Request): Reply {
  const [first, last] = [integer(request, 2), integer(request, 3)]
  const list = db.list(request, 1)
  if (list === undefined) return OK
  list.replace(list.slice(...range(first, last, list.length)))
  db.deleteIfEmpty(request, 1, list.length)
  return OK
}

function at({ db }: Client, request: Request): Reply {
  const list = db.list(request, 1)
  if (list === undefined) return null
  const index = integer(request, 2)
  const place = index < 0 ? index + list.length : index
  return place >= 0 && place < list.length ? list.at(place) : null
}

function setAt({ db }: Client, request: Request): Reply {
  const list = db.list(request, 1)
  if (list === undefined) throw NO_SUCH_KEY
  const index = integer(request, 2)
  const place = index < 0 ? index + list.length : index
  if (place < 0 || place >= list.length) throw new ReplyError('ERR index out of range')
  list.set(place, request.text(3))
  return OK
}

/** A count below 0 removes from the end, 0 removes all. */
function remove({ db }: Client, request: Request): Reply {
  const count = integer(request, 2)
  const unwanted = request.text(3)
  const list = db.list(request, 1)
  if (list === undefined) return 0
  let left = count === 0 ? list.length : Math.abs(count)
  const items = list.slice(0, list.length)
  if (count < 0) items.reverse()
  const kept = items.filter((item) => item !== unwanted || left-- <= 0)
  if (count < 0) kept.reverse()
  const removed = items.length - kept.length
  if (removed > 0) list.replace(kept)
  db.deleteIfEmpty(request, 1, list.length)
  return removed
}

export const LIST_COMMANDS: Command[] = [
  command('lpush', -3, 'write denyoom fast', ONE_KEY, push('unshift')),
  command('rpush', -3, 'write denyoom fast', ONE_KEY, push('push')),
  command('lpop', -2, 'write fast', ONE_KEY, pop('shift')),
  command('rpop', -2, 'write fast', ONE_KEY, pop('pop')),
  command('llen', 2, 'readonly fast', ONE_KEY, ({ db }, request) => db.list(request, 1)?.length ?? 0),
  command('lrange', 4, 'readonly', ONE_KEY, slice),
  command('lindex', 3, 'readonly', ONE_KEY, at),
  command('lset', 4, 'write denyoom', ONE_KEY, setAt),
  command('lrem', 4, 'write', ONE_KEY, remove),
  command('ltrim', 4, 'write', ONE_KEY, trim),
]
