/** The server: its clients, its databases, and what happens to a command. */
import { CodecError, createServer, type Server } from '@pollux/framework'
import { Client, type KvConnection } from './client.js'
import { CommandTable } from './command.js'
import { CONNECTION_COMMANDS } from './commands/connection.js'
import { HASH_COMMANDS } from './commands/hashes.js'
import { KEY_COMMANDS } from './commands/keys.js'
import { LIST_COMMANDS } from './commands/lists.js'
import { PUBSUB_COMMANDS } from './commands/pubsub.js'
import { SERVER_COMMANDS } from './commands/server.js'
import { SET_COMMANDS } from './commands/sets.js'
import { STRING_COMMANDS } from './commands/strings.js'
import { Database, EXPIRY_INTERVAL_MS } from './database.js'
import { notWhileSubscribed, unknownCommand, wrongNumber } from './errors.js'
import { Hub } from './hub.js'
import { NOTHING, type Reply, ReplyError } from './reply.js'
import type { Request } from './request.js'
import { type RespOptions, resp } from './resp.js'

const DATABASES = 16

/** What a client that does not read may leave in our memory: as much as Redis allows subscribers. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024

const COMMANDS = new CommandTable([
  ...STRING_COMMANDS,
  ...KEY_COMMANDS,
  ...HASH_COMMANDS,
  ...LIST_COMMANDS,
  ...SET_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...SERVER_COMMANDS,
])

/** What a client of version 2 may do while it is subscribed. */
const WHILE_SUBSCRIBED = new Set([
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'ping',
  'quit',
  'reset',
])

export class Kv {
  readonly databases = Array.from({ length: DATABASES }, () => new Database())
  readonly hub = new Hub()
  readonly commands = COMMANDS.commands
  readonly startedAtMs = Date.now()
  readonly clients = new Set<Client>()
  clientsEver = 0
  commandsRun = 0

  constructor(readonly limits: RespOptions = {}) {}

  /** Makes a server of this store; `listen` on it starts it. */
  createServer(): Server<Client, Request, Reply> {
    let expiry: NodeJS.Timeout | undefined
    return createServer<Client, Request, Reply>({
      codec: resp(this.limits),
      borrow: true,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      plugins: [
        {
          name: 'expiry',
          listening: () => {
            expiry ??= setInterval(() => this.expireSome(), EXPIRY_INTERVAL_MS).unref()
          },
          closed: () => clearInterval(expiry),
        },
      ],
      state: (conn) => new Client(this, conn as KvConnection, ++this.clientsEver, this.databases[0]),
      open: ({ state }) => {
        this.clients.add(state)
      },
      message: (conn, request) => {
        const { state } = conn
        if (state.hasQuit) return
        const reply = this.run(state, request)
        if (reply !== NOTHING) conn.send(reply)
      },
      error(conn, error) {
        if (error instanceof CodecError) conn.send(new ReplyError(`ERR ${error.message}`))
      },
      close: ({ state }) => {
        this.clients.delete(state)
        this.hub.unsubscribeAll(state)
      },
    })
  }

  /** Deletes some of what is over. */
  private expireSome(): void {
    for (const db of this.databases) db.expireSome()
  }

  /** What a request is answered. */
  run(client: Client, request: Request): Reply {
    this.commandsRun++
    const command = COMMANDS.find(request.bytes, request.from(0), request.to(0))
    if (command === undefined) return unknownCommand(request)
    const { arity } = command
    if (arity > 0 ? request.count !== arity : request.count < -arity) return wrongNumber(command.name)
    if (client.version === 2 && client.subscriptions > 0 && !WHILE_SUBSCRIBED.has(command.name)) {
      return notWhileSubscribed(command.name)
    }
    try {
      return command.run(client, request)
    } catch (error) {
      if (error instanceof ReplyError) return error
      throw error
    }
  }
}
