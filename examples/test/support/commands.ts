// Commands by chance, of which many are wrong in some way.
import type { Random } from '../../../packages/native-poll/test/support/random.js'

const KEYS = [
  'a',
  'b',
  'c',
  'd',
  'list',
  'set',
  'hash',
  'number',
  'key \xff\0',
  'a longer key of more than 16 bytes',
]
const VALUES = [
  '',
  'x',
  'value',
  '1',
  '-7',
  '12345678901234567',
  '9223372036854775807',
  '3.25',
  '\0\xff\r\n',
  'y'.repeat(70),
]
const MEMBERS = ['m', 'n', 'o', 'p', '1', '2', 'member of some length']
const INTEGERS = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '-2',
  '-3',
  '100',
  '-100',
  'x',
  '1.5',
  '',
  '01',
  '9223372036854775808',
]
const COUNTS = ['0', '1', '2', '5', '-1', 'x']
/** Long enough that nothing ends while the test runs. */
const TIMES = ['1000', '5000', '100000', '0', '-1', 'x', '9223372036854775807']

const SHAPES: Record<string, string[]> = {
  set: [
    'SET K V',
    'SET K V EX T',
    'SET K V PX 900000',
    'SET K V NX',
    'SET K V XX GET',
    'SET K V KEEPTTL',
    'SET K V NX XX',
    'SET K V GET',
  ],
  string: [
    'GET K',
    'GETSET K V',
    'GETDEL K',
    'SETNX K V',
    'SETEX K T V',
    'PSETEX K 900000 V',
    'MSET K V K V',
    'MSET K V K',
    'MGET K K K',
    'APPEND K V',
    'STRLEN K',
    'SETRANGE K C V',
    'GETRANGE K I I',
    'GETEX K',
    'GETEX K EX T',
    'GETEX K PERSIST',
    'GETEX K X',
  ],
  number: [
    'INCR K',
    'DECR K',
    'INCRBY K I',
    'DECRBY K I',
    'SET number 41',
    'INCR number',
    'INCRBYFLOAT float 0.25',
    'INCRBYFLOAT float -3.5e2',
    'INCRBYFLOAT float x',
    'INCRBYFLOAT float -0.5',
    'SET float 10.50',
    // Mostly a hash, else a small number: among `KEYS` are integers that Redis would round.
    'INCRBYFLOAT hash-2 1',
    'APPEND float x',
    'DEL float',
  ],
  keys: [
    'EXISTS K K',
    'DEL K',
    'UNLINK K K',
    'TYPE K',
    'TYPE K',
    'EXPIRE K T',
    'EXPIRE K T NX',
    'PEXPIREAT K 99999999999998 GT',
    'PEXPIREAT K 99999999999997 LT',
    'EXPIRE K T XX',
    'EXPIRE K T NX GT',
    'EXPIRE K T BAD',
    'PEXPIRE K 900000',
    'EXPIREAT K 99999999999',
    'PEXPIREAT K 99999999999999',
    'EXPIREAT K 1',
    'TTL K',
    'PTTL K',
    'PERSIST K',
    'RENAME K K',
    'DBSIZE',
    'KEYS *',
    'KEYS ?',
    'KEYS [a-c]',
    'SCAN 0 COUNT 1000',
    'SCAN 0 MATCH a* COUNT 1000',
    'SCAN 0 TYPE set COUNT 1000',
    'SCAN x',
    'SCAN 0 COUNT 0',
    'SCAN 0 X',
  ],
  hash: [
    'HSET H M V',
    'HSET H M V M V',
    'HSET H M',
    'HSET H M V M',
    'HSETNX H M V',
    'HGET H M',
    'HMGET H M M M',
    'HGETALL H',
    'HDEL H M M',
    'HEXISTS H M',
    'HLEN H',
    'HKEYS H',
    'HVALS H',
    'HINCRBY H M I',
    'HINCRBY H n 3',
  ],
  list: [
    'LPUSH L V V V',
    'RPUSH L V V',
    'LPOP L',
    'RPOP L',
    'LPOP L C',
    'RPOP L C',
    'LPOP L 1 2',
    'LLEN L',
    'LRANGE L I I',
    'LRANGE L 0 -1',
    'LINDEX L I',
    'LSET L I V',
    'LREM L I V',
    'LTRIM L I I',
    'LTRIM L 0 20',
  ],
  sets: [
    'SADD S M M M',
    'SREM S M M',
    'SISMEMBER S M',
    'SMISMEMBER S M M',
    'SCARD S',
    'SMEMBERS S',
    'SINTER S S',
    'SUNION S S K',
    'SDIFF S S',
    'SPOP S 100',
    'SPOP S -1',
    'SPOP nothing',
    'SPOP nothing 2',
    'SRANDMEMBER S 100',
    'SRANDMEMBER nothing',
    'SRANDMEMBER nothing 3',
    'SRANDMEMBER S x',
  ],
  others: [
    'PING',
    'PING V',
    'PING V V',
    'ECHO V',
    'ECHO',
    'SELECT 1',
    'SELECT 0',
    'SELECT 16',
    'SELECT x',
    'GET',
    'SET K',
    'HGETALL',
    'NOSUCH',
    'NOSUCH K V',
    'CLIENT SETNAME x',
    'CLIENT GETNAME',
    'CLIENT SETNAME V',
    'CLIENT NOSUCH',
    'CLIENT ID x',
    'CONFIG GET appendonly',
    'CONFIG GET save',
    'CONFIG NOSUCH',
    'CONFIG GET',
    'COMMAND NOSUCH',
    'PUBSUB CHANNELS',
    'PUBSUB NUMSUB a b',
    'PUBSUB NUMPAT',
    'PUBSUB NOSUCH',
    'PUBLISH K V',
    'HELLO 4',
    'HELLO x',
    'HELLO 2 NOSUCH',
    'AUTH x',
    'AUTH x y',
    'RESET x',
    'FLUSHDB NOSUCH',
    'get K',
    'gEt K',
  ],
}

/** Commands for both servers. */
export function randomCommands(random: Random, count: number): string[][] {
  const shapes = Object.values(SHAPES)
  return Array.from({ length: count }, () =>
    random
      .pick(random.pick(shapes))
      .split(' ')
      .map((part) => filledIn(part, random)),
  )
}

function filledIn(part: string, random: Random): string {
  switch (part) {
    case 'K':
      return random.pick(KEYS)
    case 'H':
      return random.pick(['hash', 'hash', 'hash', 'hash-2', ...KEYS])
    case 'L':
      return random.pick(['list', 'list', 'list', 'list 2', ...KEYS])
    case 'S':
      return random.pick(['set', 'set', 'set', 'set 2', ...KEYS])
    case 'V':
      return random.pick(VALUES)
    case 'M':
      return random.pick(MEMBERS)
    case 'I':
      return random.pick(INTEGERS)
    case 'C':
      return random.pick(COUNTS)
    case 'T':
      return random.pick(TIMES)
    default:
      return part
  }
}
