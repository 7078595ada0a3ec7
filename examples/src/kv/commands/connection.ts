/** What concerns the connection itself. */
import { formatAddress } from '@pollux/framework'
import { int64, SYNTAX_ERROR } from '../arguments.js'
import type { Client } from '../client.js'
import { type Command, command, NO_KEY } from '../command.js'
import { unknownSubcommand, wrongNumber } from '../errors.js'
import { NOTHING, OK, ReadyReply, type Reply, ReplyError } from '../reply.js'
import type { Request } from '../request.js'
import { resp } from '../resp.js'

/** What others take us for: the version whose commands these are. */
export const REDIS_VERSION = '7.0.0'

const PONG = ReadyReply.status('PONG')
const RESET = ReadyReply.status('RESET')
const NO_PASSWORD = new ReplyError(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
)
const NO_PROTOCOL = new ReplyError('NOPROTO unsupported protocol version')

function ping(client: Client, request: Request): Reply {
  if (request.count > 2) throw wrongNumber('ping')
  const text = request.count === 2 ? request.text(1) : ''
  // A subscribed client of version 2 expects everything to look like a message.
  if (client.version === 2 && client.subscriptions > 0) return ['pong', text]
  return request.count === 2 ? text : PONG
}

function hello(client: Client, request: Request): Reply {
  let version: 2 | 3 = client.version
  if (request.count > 1) {
    const wanted = request.text(1)
    if (!/^\d+$/.test(wanted)) throw new ReplyError('ERR Protocol version is not an integer or out of range')
    if (wanted !== '2' && wanted !== '3') throw NO_PROTOCOL
    version = wanted === '3' ? 3 : 2
  }
  let { name } = client
  for (let i = 2; i < request.count; i++) {
    const word = request.word(i)
    if (word === 'setname' && i + 1 < request.count) {
      name = checkedName(request.text(++i))
    } else if (word === 'auth' && i + 2 < request.count) {
      throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
    } else {
      throw new ReplyError(`ERR Syntax error in HELLO option '${request.text(i)}'`)
    }
  }
  client.name = name
  speak(client, version)
  return new Map<string, Reply>([
    ['server', 'redis'],
    ['version', REDIS_VERSION],
    ['proto', version],
    ['id', client.id],
    ['mode', 'standalone'],
    ['role', 'master'],
    ['modules', []],
  ])
}

/** From the next byte on, both ways. */
function speak(client: Client, version: 2 | 3): void {
  if (version === client.version) return
  client.version = version
  client.conn.upgrade(resp({ ...client.kv.limits, version }))
}

function checkedName(name: string): string {
  if (/^[!-~]*$/.test(name)) return name
  throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.')
}

/** How long a client that has quit may take to close its end. */
const QUIT_TIMEOUT_MS = 1000

function quit(client: Client): Reply {
  const { conn, kv } = client
  kv.hub.unsubscribeAll(client)
  client.hasQuit = true
  conn.send(OK)
  conn.setTimeout(QUIT_TIMEOUT_MS)
  conn.end()
  return NOTHING
}

function reset(client: Client): Reply {
  client.kv.hub.unsubscribeAll(client)
  client.name = ''
  client.index = 0
  client.db = client.kv.databases[0]
  speak(client, 2)
  return RESET
}

/** How many arguments each subcommand of CLIENT takes, with both words. */
const CLIENT_ARGUMENTS: Record<string, number> = {
  id: 2,
  getname: 2,
  setname: 3,
  setinfo: 4,
  info: 2,
  list: 2,
}

function client(client: Client, request: Request): Reply {
  const word = request.word(1)
  const count = Object.hasOwn(CLIENT_ARGUMENTS, word) ? CLIENT_ARGUMENTS[word] : undefined
  if (count === undefined) throw unknownSubcommand('CLIENT', request.text(1))
  if (request.count !== count) throw wrongNumber(`client|${word}`)
  switch (word) {
    case 'id':
      return client.id
    case 'getname':
      return client.name === '' ? null : client.name
    case 'setname':
      client.name = checkedName(request.text(2))
      return OK
    case 'setinfo':
      return setInfo(client, request)
    case 'info':
      return `${describe(client)}\n`
    default:
      return [...client.kv.clients].map((each) => `${describe(each)}\n`).join('')
  }
}

function setInfo(client: Client, request: Request): Reply {
  const text = request.text(3)
  const word = request.word(2)
  if (!/^[!-~]*$/.test(text)) {
    throw new ReplyError(`ERR ${word} cannot contain spaces, newlines or special characters.`)
  }
  if (word === 'lib-name') client.library = text
  else if (word === 'lib-ver') client.libraryVersion = text
  else throw new ReplyError(`ERR Unrecognized option '${request.text(2)}'`)
  return OK
}

function describe({
  id,
  conn,
  name,
  openedAtMs,
  index,
  channels,
  patterns,
  version,
  library,
  libraryVersion,
}: Client) {
  const [address, local] = [conn.remoteAddress, conn.localAddress].map((each) =>
    each === undefined ? '' : formatAddress(each).replace(/^\w+:\/\//, ''),
  )
  const age = Math.floor((Date.now() - openedAtMs) / 1000)
  return (
    `id=${id} addr=${address} laddr=${local} name=${name} age=${age} db=${index} sub=${channels?.size ?? 0} ` +
    `psub=${patterns?.size ?? 0} omem=${conn.queuedBytes} user=default resp=${version} lib-name=${library} lib-ver=${libraryVersion}`
  )
}

function select(client: Client, request: Request): Reply {
  const index = Number(int64(request, 1))
  const db = client.kv.databases[index]
  if (db === undefined) throw new ReplyError('ERR DB index is out of range')
  client.index = index
  client.db = db
  return OK
}

function authenticate(_: Client, request: Request): Reply {
  if (request.count > 3) throw SYNTAX_ERROR
  if (request.count === 2) throw NO_PASSWORD
  throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.')
}

export const CONNECTION_COMMANDS: Command[] = [
  command('ping', -1, 'fast', NO_KEY, ping),
  command('echo', 2, 'fast', NO_KEY, (_, request) => request.text(1)),
  command('hello', -1, 'noscript loading stale fast no_auth', NO_KEY, hello),
  command('auth', -2, 'noscript loading stale fast no_auth', NO_KEY, authenticate),
  command('select', 2, 'loading stale fast', NO_KEY, select),
  command('quit', -1, 'noscript loading stale fast no_auth', NO_KEY, quit),
  command('reset', 1, 'noscript loading stale fast no_auth', NO_KEY, reset),
  command('client', -2, 'admin noscript loading stale', NO_KEY, client),
]
