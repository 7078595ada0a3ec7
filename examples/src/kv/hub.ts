/** Who has subscribed to what. */
import { encodeToBuffer } from '@pollux/framework'
import type { Client } from './client.js'
import { matchesGlob } from './glob.js'
import { Push, type Reply } from './reply.js'
import { resp } from './resp.js'

const RESP2 = resp({ version: 2 })()
const RESP3 = resp({ version: 3 })()

export class Hub {
  readonly channels = new Map<string, Set<Client>>()
  readonly patterns = new Map<string, Set<Client>>()

  /** Whether it is new to the client. */
  subscribe(client: Client, kind: 'channels' | 'patterns', name: string): void {
    client[kind] ??= new Set()
    client[kind].add(name)
    const clients = this[kind].get(name)
    if (clients === undefined) this[kind].set(name, new Set([client]))
    else clients.add(client)
  }

  unsubscribe(client: Client, kind: 'channels' | 'patterns', name: string): void {
    client[kind]?.delete(name)
    const clients = this[kind].get(name)
    clients?.delete(client)
    if (clients?.size === 0) this[kind].delete(name)
  }

  unsubscribeAll(client: Client): void {
    for (const kind of ['channels', 'patterns'] as const) {
      for (const name of client[kind] ?? []) this.unsubscribe(client, kind, name)
      client[kind] = null
    }
  }

  /** To how many clients it went, counted once for each subscription that matches. */
  publish(channel: string, message: string): number {
    let count = send(this.channels.get(channel), ['message', channel, message])
    for (const [pattern, clients] of this.patterns) {
      if (matchesGlob(pattern, channel)) count += send(clients, ['pmessage', pattern, channel, message])
    }
    return count
  }
}

/** Encodes once for each version of the protocol, however many there are to get it. */
function send(clients: Set<Client> | undefined, items: Reply[]): number {
  if (clients === undefined) return 0
  const push = new Push(items)
  const resp2 = encodeToBuffer(RESP2, push)
  const resp3 = encodeToBuffer(RESP3, push)
  for (const { conn, version } of clients) conn.write(version === 3 ? resp3 : resp2)
  return clients.size
}
