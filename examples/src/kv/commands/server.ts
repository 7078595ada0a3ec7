/** What the server tells of itself. */
import { versions } from 'node:process'
import type { Client } from '../client.js'
import { type Command, command, NO_KEY } from '../command.js'
import { unknownSubcommand, wrongNumber } from '../errors.js'
import { matchesGlob } from '../glob.js'
import { type Reply, Verbatim } from '../reply.js'
import type { Request } from '../request.js'
import { REDIS_VERSION } from './connection.js'

/** Settings of Redis that clients look at, and what they are here. */
const CONFIG: Record<string, string> = {
  appendonly: 'no',
  databases: '16',
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  'proto-max-bulk-len': '536870912',
  save: '',
  timeout: '0',
}

function config(_: Client, request: Request): Reply {
  if (request.word(1) !== 'get') throw unknownSubcommand('CONFIG', request.text(1))
  if (request.count < 3) throw wrongNumber('config|get')
  const patterns = request.texts(2).map((pattern) => pattern.toLowerCase())
  return new Map(
    Object.entries(CONFIG).filter(([name]) => patterns.some((pattern) => matchesGlob(pattern, name))),
  )
}

/** As COMMAND INFO tells it: ten fields, of which those about access lists and tips are empty. */
function describe({ name, arity, flags, keys }: Command): Reply {
  return [name, arity, new Set(flags) as Reply, ...keys, new Set<string>(), [], [], []]
}

function commands({ kv }: Client, request: Request): Reply {
  if (request.count === 1) return [...kv.commands.values()].map(describe)
  switch (request.word(1)) {
    case 'count':
      return kv.commands.size
    case 'list':
      return [...kv.commands.keys()]
    case 'info':
      if (request.count === 2) return [...kv.commands.values()].map(describe)
      return request.texts(2).map((name) => {
        const found = kv.commands.get(name.toLowerCase())
        return found === undefined ? null : describe(found)
      })
    case 'docs':
      return docs(request.count === 2 ? [...kv.commands.keys()] : request.texts(2), kv.commands)
    default:
      throw unknownSubcommand('COMMAND', request.text(1))
  }
}

function docs(names: string[], commands: ReadonlyMap<string, Command>): Reply {
  const known = names.map((name) => name.toLowerCase()).filter((name) => commands.has(name))
  return new Map(
    known.map((name): [string, Reply] => [
      name,
      new Map([
        ['summary', `See https://redis.io/commands/${name}`],
        ['since', '1.0.0'],
        ['group', 'generic'],
      ]),
    ]),
  )
}

function info({ kv }: Client, request: Request): Reply {
  const sections: Record<string, Record<string, string | number>> = {
    server: {
      redis_version: REDIS_VERSION,
      redis_mode: 'standalone',
      node_version: versions.node,
      process_id: process.pid,
      uptime_in_seconds: Math.floor((Date.now() - kv.startedAtMs) / 1000),
    },
    clients: { connected_clients: kv.clients.size },
    memory: { used_memory: process.memoryUsage().heapUsed, used_memory_rss: process.memoryUsage().rss },
    persistence: { loading: 0 },
    stats: {
      total_connections_received: kv.clientsEver,
      total_commands_processed: kv.commandsRun,
      pubsub_channels: kv.hub.channels.size,
      pubsub_patterns: kv.hub.patterns.size,
    },
    replication: { role: 'master', connected_slaves: 0 },
    keyspace: Object.fromEntries(
      kv.databases.flatMap(({ keys, expiring }, index) =>
        keys.size === 0 ? [] : [[`db${index}`, `keys=${keys.size},expires=${expiring.size},avg_ttl=0`]],
      ),
    ),
  }
  const wanted = request.texts(1).map((name) => name.toLowerCase())
  const all = wanted.length === 0 || wanted.some((name) => ['all', 'default', 'everything'].includes(name))
  const texts = Object.entries(sections)
    .filter(([name]) => all || wanted.includes(name))
    .map(([name, fields]) => {
      const lines = Object.entries(fields).map(([field, value]) => `${field}:${value}\r\n`)
      return `# ${name[0].toUpperCase()}${name.slice(1)}\r\n${lines.join('')}`
    })
  return new Verbatim(texts.join('\r\n'))
}

export const SERVER_COMMANDS: Command[] = [
  command('command', -1, 'loading stale', NO_KEY, commands),
  command('config', -2, 'admin noscript loading stale', NO_KEY, config),
  command('info', -1, 'loading stale', NO_KEY, info),
]
