/** Publishing and subscribing. */
import type { Client } from '../client.js'
import { type Command, command, NO_KEY, type Run } from '../command.js'
import { unknownSubcommand } from '../errors.js'
import { matchesGlob } from '../glob.js'
import { NOTHING, Push, type Reply } from '../reply.js'
import type { Request } from '../request.js'

type Kind = 'channels' | 'patterns'

/** Each name is answered by itself. */
function subscribe(answer: string, kind: Kind): Run {
  return (client, request) => {
    for (const name of request.texts(1)) {
      client.kv.hub.subscribe(client, kind, name)
      client.send(new Push([answer, name, client.subscriptions]))
    }
    return NOTHING
  }
}

/** Without a name: from all. */
function unsubscribe(answer: string, kind: Kind): Run {
  return (client, request) => {
    const names = request.count > 1 ? request.texts(1) : [...(client[kind] ?? [])]
    for (const name of names) {
      client.kv.hub.unsubscribe(client, kind, name)
      client.send(new Push([answer, name, client.subscriptions]))
    }
    if (names.length === 0) client.send(new Push([answer, null, client.subscriptions]))
    return NOTHING
  }
}

function publish({ kv }: Client, request: Request): Reply {
  return kv.hub.publish(request.text(1), request.text(2))
}

function pubsub({ kv }: Client, request: Request): Reply {
  const { channels, patterns } = kv.hub
  switch (request.word(1)) {
    case 'channels': {
      const names = [...channels.keys()]
      return request.count === 2 ? names : names.filter((name) => matchesGlob(request.text(2), name))
    }
    case 'numsub':
      return request.texts(2).flatMap((name) => [name, channels.get(name)?.size ?? 0])
    case 'numpat':
      return patterns.size
    default:
      throw unknownSubcommand('PUBSUB', request.text(1))
  }
}

export const PUBSUB_COMMANDS: Command[] = [
  command('subscribe', -2, 'pubsub noscript loading stale', NO_KEY, subscribe('subscribe', 'channels')),
  command('unsubscribe', -1, 'pubsub noscript loading stale', NO_KEY, unsubscribe('unsubscribe', 'channels')),
  command('psubscribe', -2, 'pubsub noscript loading stale', NO_KEY, subscribe('psubscribe', 'patterns')),
  command(
    'punsubscribe',
    -1,
    'pubsub noscript loading stale',
    NO_KEY,
    unsubscribe('punsubscribe', 'patterns'),
  ),
  command('publish', 3, 'pubsub loading stale fast', NO_KEY, publish),
  command('pubsub', -2, 'pubsub loading stale', NO_KEY, pubsub),
]
