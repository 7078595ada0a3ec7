/** Sets. */
import { integer, optionalCount } from '../arguments.js'
import type { Client } from '../client.js'
import { ALL_KEYS, type Command, command, ONE_KEY, type Run } from '../command.js'
import { MemberSet } from '../member-set.js'
import { type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'

const NONE = new MemberSet()

function readable({ db }: Client, request: Request, index = 1): MemberSet {
  return db.set(request, index) ?? NONE
}

function add({ db }: Client, request: Request): Reply {
  let set = db.set(request, 1)
  if (set === undefined) {
    set = new MemberSet()
    db.put(request, 1, set)
  }
  let count = 0
  for (let i = 2; i < request.count; i++) if (set.add(request.text(i))) count++
  return count
}

function remove(client: Client, request: Request): Reply {
  const set = readable(client, request)
  let count = 0
  for (let i = 2; i < request.count; i++) if (set.delete(request.text(i))) count++
  client.db.deleteIfEmpty(request, 1, set.size)
  return count
}

function areMembers(client: Client, request: Request): Reply {
  const set = readable(client, request)
  return request.texts(2).map((member) => (set.has(member) ? 1 : 0))
}

/** All sets of the request, put together by `combine`. */
function combined(combine: (first: MemberSet, others: MemberSet[]) => Iterable<string>): Run {
  return (client, request) => {
    const sets: MemberSet[] = []
    for (let i = 1; i < request.count; i++) sets.push(readable(client, request, i))
    return new Set(combine(sets[0], sets.slice(1))) as Reply
  }
}

function intersection(first: MemberSet, others: MemberSet[]): Iterable<string> {
  const [least, ...rest] = [first, ...others].sort((a, b) => a.size - b.size)
  return [...least].filter((member) => rest.every((set) => set.has(member)))
}

function difference(first: MemberSet, others: MemberSet[]): Iterable<string> {
  return [...first].filter((member) => !others.some((set) => set.has(member)))
}

function* union(first: MemberSet, others: MemberSet[]): Iterable<string> {
  yield* first
  for (const set of others) yield* set
}

function pop({ db }: Client, request: Request): Reply {
  const count = optionalCount(request, 2)
  const set = db.set(request, 1)
  if (set === undefined) return count === undefined ? null : new Set<string>()
  const members = new Set<string>()
  for (let left = Math.min(count ?? 1, set.size); left > 0; left--) {
    const member = set.random()
    set.delete(member)
    members.add(member)
  }
  db.deleteIfEmpty(request, 1, set.size)
  return count === undefined ? [...members][0] : members
}

/** A count below 0 may name a member more than once. */
function random(client: Client, request: Request): Reply {
  if (request.count > 3) throw new ReplyError('ERR syntax error')
  const count = request.count === 3 ? integer(request, 2) : undefined
  if (count !== undefined && count < -(2 ** 62)) throw new ReplyError('ERR value is out of range')
  const set = readable(client, request)
  if (count === undefined) return set.size === 0 ? null : set.random()
  if (set.size === 0) return []
  if (count < 0) return Array.from({ length: -count }, () => set.random())
  if (count >= set.size) return [...set]
  if (count * 2 > set.size) return shuffled([...set]).slice(0, count)
  const chosen = new Set<string>()
  while (chosen.size < count) chosen.add(set.random())
  return [...chosen]
}

function shuffled(items: string[]): string[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[items[i], items[j]] = [items[j], items[i]]
  }
  return items
}

export const SET_COMMANDS: Command[] = [
  command('sadd', -3, 'write denyoom fast', ONE_KEY, add),
  command('srem', -3, 'write fast', ONE_KEY, remove),
  command('sismember', 3, 'readonly fast', ONE_KEY, (client, request) => {
    return readable(client, request).has(request.text(2)) ? 1 : 0
  }),
  command('smismember', -3, 'readonly fast', ONE_KEY, areMembers),
  command('scard', 2, 'readonly fast', ONE_KEY, (client, request) => readable(client, request).size),
  command('smembers', 2, 'readonly', ONE_KEY, (client, request) => readable(client, request)),
  command('sinter', -2, 'readonly', ALL_KEYS, combined(intersection)),
  command('sunion', -2, 'readonly', ALL_KEYS, combined(union)),
  command('sdiff', -2, 'readonly', ALL_KEYS, combined(difference)),
  command('spop', -2, 'write fast', ONE_KEY, pop),
  command('srandmember', -2, 'readonly', ONE_KEY, random),
]
