/** Strings, and numbers in them. */
import {
  endOf,
  int64,
  integer,
  isInt64,
  isTimeOption,
  NOT_AN_INTEGER,
  parseInt64,
  SYNTAX_ERROR,
} from '../arguments.js'
import type { Client } from '../client.js'
import { ALL_KEYS, type Command, command, ONE_KEY } from '../command.js'
import { formatDecimal, parseDecimal } from '../decimal.js'
import { OK, type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'

const OVERFLOW = new ReplyError('ERR increment or decrement would overflow')
const TOO_LONG = new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
const NOT_A_FLOAT = new ReplyError('ERR value is not a valid float')

/** Integers of up to so many digits are exact as numbers, sums of two of them, too. */
const EXACT_DIGITS = 15

function get({ db }: Client, request: Request): Reply {
  return db.string(request, 1) ?? null
}

function set({ db }: Client, request: Request): Reply {
  if (request.count > 3) return setWithOptions({ db }, request)
  db.put(request, 1, request.text(2))
  return OK
}

function setWithOptions({ db }: Pick<Client, 'db'>, request: Request): Reply {
  const { condition, get: wantsOld, keepTtl, expiresAtMs } = setOptions(request)
  const old = wantsOld ? (db.string(request, 1) ?? null) : null
  if (condition !== '' && (db.find(request, 1) === undefined) !== (condition === 'nx')) return old
  if (keepTtl) {
    db.update(request, 1, request.text(2))
  } else {
    const entry = db.put(request, 1, request.text(2))
    if (expiresAtMs > 0) db.expireAt(entry, expiresAtMs)
  }
  return wantsOld ? old : OK
}

function setOptions(request: Request) {
  const options = { condition: '', get: false, keepTtl: false, expiresAtMs: 0 }
  for (let i = 3; i < request.count; i++) {
    const word = request.word(i)
    const timed = options.keepTtl || options.expiresAtMs > 0
    if ((word === 'nx' || word === 'xx') && (options.condition === '' || options.condition === word)) {
      options.condition = word
    } else if (word === 'get') {
      options.get = true
    } else if (word === 'keepttl' && !timed) {
      options.keepTtl = true
    } else if (isTimeOption(word) && !timed && i + 1 < request.count) {
      options.expiresAtMs = endOf(request, ++i, word)
    } else {
      throw SYNTAX_ERROR
    }
  }
  return options
}

/** SETEX and PSETEX. */
function setFor(unit: string) {
  return ({ db }: Client, request: Request): Reply => {
    const expiresAtMs = endOf(request, 2, unit)
    db.expireAt(db.put(request, 1, request.text(3)), expiresAtMs)
    return OK
  }
}

function setIfNone({ db }: Client, request: Request): Reply {
  if (db.find(request, 1) !== undefined) return 0
  db.put(request, 1, request.text(2))
  return 1
}

function getSet({ db }: Client, request: Request): Reply {
  const old = db.string(request, 1) ?? null
  db.put(request, 1, request.text(2))
  return old
}

function getDelete({ db }: Client, request: Request): Reply {
  const old = db.string(request, 1) ?? null
  const entry = db.find(request, 1)
  if (entry !== undefined) db.delete(entry)
  return old
}

function getAndExpire({ db }: Client, request: Request): Reply {
  const word = request.count > 2 ? request.word(2) : ''
  const isTimed = isTimeOption(word) && request.count === 4
  const isPersistent = word === 'persist' && request.count === 3
  if (request.count > 2 && !isTimed && !isPersistent) throw SYNTAX_ERROR
  const value = db.string(request, 1)
  const entry = db.find(request, 1)
  if (value === undefined || entry === undefined) return null
  if (isTimed) db.expireAt(entry, endOf(request, 3, word))
  else if (isPersistent) db.expireAt(entry, 0)
  return value
}

function setMany({ db }: Client, request: Request): Reply {
  if (request.count % 2 === 0) return new ReplyError("ERR wrong number of arguments for 'mset' command")
  for (let i = 1; i < request.count; i += 2) db.put(request, i, request.text(i + 1))
  return OK
}

function getMany({ db }: Client, request: Request): Reply {
  const values: Reply[] = []
  for (let i = 1; i < request.count; i++) {
    const value = db.find(request, i)?.value
    values.push(typeof value === 'string' ? value : null)
  }
  return values
}

function append({ db }: Client, request: Request): Reply {
  const before = db.string(request, 1) ?? ''
  checkLength(before.length + request.length(2))
  const value = before + request.text(2)
  db.update(request, 1, value)
  return value.length
}

function setRange({ db }: Client, request: Request): Reply {
  const offset = integer(request, 2)
  if (offset < 0) throw new ReplyError('ERR offset is out of range')
  const before = db.string(request, 1) ?? ''
  const piece = request.text(3)
  if (piece === '') return before.length
  checkLength(offset + piece.length)
  const value = before.slice(0, offset).padEnd(offset, '\0') + piece + before.slice(offset + piece.length)
  db.update(request, 1, value)
  return value.length
}

function getRange({ db }: Client, request: Request): Reply {
  const first = integer(request, 2)
  const last = integer(request, 3)
  const value = db.string(request, 1) ?? ''
  if (first < 0 && last < 0 && first > last) return ''
  const from = Math.max(0, first < 0 ? first + value.length : first)
  // A last byte before the first one of the string is taken for that one.
  const to = Math.max(0, last < 0 ? last + value.length : last) + 1
  return value.slice(from, to)
}

function checkLength(length: number): void {
  if (length > 2 ** 29 - 24) throw TOO_LONG
}

function add(client: Client, request: Request, delta: bigint): Reply {
  const text = client.db.string(request, 1) ?? '0'
  const sum = addTo(text, delta)
  if (sum === undefined) throw NOT_AN_INTEGER
  client.db.update(request, 1, String(sum))
  return sum
}

/** The sum as what is shortest to work with; undefined if the text is no integer. */
export function addTo(text: string, delta: bigint): number | bigint | undefined {
  const value = parseInt64(text)
  if (value === undefined) return undefined
  if (text.length <= EXACT_DIGITS && BigInt.asIntN(48, delta) === delta) return Number(text) + Number(delta)
  const sum = value + delta
  if (!isInt64(sum)) throw OVERFLOW
  return sum
}

function decreaseBy(client: Client, request: Request): Reply {
  const delta = int64(request, 2)
  if (delta === -(2n ** 63n)) throw new ReplyError('ERR decrement would overflow')
  return add(client, request, -delta)
}

function increaseByFloat({ db }: Client, request: Request): Reply {
  const value = parseDecimal(db.string(request, 1) ?? '0')
  const delta = parseDecimal(request.text(2))
  if (value === undefined || delta === undefined) throw NOT_A_FLOAT
  const sum = formatDecimal(value + delta)
  db.update(request, 1, sum)
  return sum
}

export const STRING_COMMANDS: Command[] = [
  command('get', 2, 'readonly fast', ONE_KEY, get),
  command('set', -3, 'write denyoom', ONE_KEY, set),
  command('getset', 3, 'write denyoom fast', ONE_KEY, getSet),
  command('getdel', 2, 'write fast', ONE_KEY, getDelete),
  command('getex', -2, 'write fast', ONE_KEY, getAndExpire),
  command('setnx', 3, 'write denyoom fast', ONE_KEY, setIfNone),
  command('setex', 4, 'write denyoom', ONE_KEY, setFor('ex')),
  command('psetex', 4, 'write denyoom', ONE_KEY, setFor('px')),
  command('mset', -3, 'write denyoom', [1, -1, 2], setMany),
  command('mget', -2, 'readonly fast', ALL_KEYS, getMany),
  command('append', 3, 'write denyoom fast', ONE_KEY, append),
  command('strlen', 2, 'readonly fast', ONE_KEY, ({ db }, request) => db.string(request, 1)?.length ?? 0),
  command('incr', 2, 'write denyoom fast', ONE_KEY, (client, request) => add(client, request, 1n)),
  command('decr', 2, 'write denyoom fast', ONE_KEY, (client, request) => add(client, request, -1n)),
  command('incrby', 3, 'write denyoom fast', ONE_KEY, (client, request) =>
    add(client, request, int64(request, 2)),
  ),
  command('decrby', 3, 'write denyoom fast', ONE_KEY, decreaseBy),
  command('incrbyfloat', 3, 'write denyoom fast', ONE_KEY, increaseByFloat),
  command('setrange', 4, 'write denyoom', ONE_KEY, setRange),
  command('getrange', 4, 'readonly', ONE_KEY, getRange),
]
