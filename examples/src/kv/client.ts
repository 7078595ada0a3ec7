/** What the server knows of a connection. */
import type { Connection } from '@pollux/framework'
import type { Database } from './database.js'
import type { Reply } from './reply.js'
import type { Request } from './request.js'
import type { Kv } from './server.js'

export type KvConnection = Connection<Client, Request, Reply>

export class Client {
  name = ''
  library = ''
  libraryVersion = ''
  version: 2 | 3 = 2
  /** After QUIT nothing is answered. */
  hasQuit = false
  /** Which database `db` is. */
  index = 0
  readonly openedAtMs = Date.now()
  /** What it has subscribed to; null while that is nothing. */
  channels: Set<string> | null = null
  patterns: Set<string> | null = null

  constructor(
    readonly kv: Kv,
    readonly conn: KvConnection,
    readonly id: number,
    public db: Database,
  ) {}

  get subscriptions(): number {
    return (this.channels?.size ?? 0) + (this.patterns?.size ?? 0)
  }

  send(reply: Reply): void {
    this.conn.send(reply)
  }
}
