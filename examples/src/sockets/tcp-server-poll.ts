/** An echo server over TCP, many clients with poll: tcp-server-poll.js --host H --port P */
import {
  AF_INET,
  isUnix,
  POLLIN,
  POLLOUT,
  poll,
  SOCK_STREAM,
  type Socket,
  SocketError,
  socket,
  WOULD_BLOCK,
} from '@pollux/core'
import { readFlags } from './flags.js'

/** What each client sent, and has not been sent back to it yet. */
const clients = new Map<Socket, Buffer>()

function listenOn(host: string, port: number): Socket {
  const listener = socket(AF_INET, SOCK_STREAM)
  listener.setsockopt('SOL_SOCKET', 'SO_REUSEADDR', true)
  listener.bind({ host, port })
  listener.listen()
  const address = listener.getsockname()
  if (!isUnix(address)) console.log(`listening on port ${address.port}`)
  return listener
}

/** One step for one client; false when it is over. */
function serve(client: Socket): boolean {
  let pending = clients.get(client)!
  if (pending.length === 0) {
    pending = Buffer.alloc(4096)
    const received = client.tryRecv(pending)
    if (received === WOULD_BLOCK) return true
    if (received === 0) return false
    pending = pending.subarray(0, received)
  }
  const sent = client.trySend(pending)
  clients.set(client, sent === WOULD_BLOCK ? pending : pending.subarray(sent))
  return true
}

/** The same, but a client that resets its connection is over as well. */
function isServed(client: Socket): boolean {
  try {
    return serve(client)
  } catch (error) {
    if (error instanceof SocketError) return false
    throw error
  }
}

const { host, port } = readFlags({ host: '127.0.0.1', port: 7000 })
const listener = listenOn(host, port)
for (;;) {
  // A client that does not read its answers is not read from either.
  const entries = [{ socket: listener, events: POLLIN }]
  for (const [client, pending] of clients) {
    entries.push({ socket: client, events: pending.length > 0 ? POLLOUT : POLLIN })
  }
  for (const ready of await poll(entries)) {
    const client = ready.socket as Socket
    if (client === listener) {
      const accepted = listener.tryAccept()
      if (accepted !== WOULD_BLOCK) clients.set(accepted.socket, Buffer.alloc(0))
    } else if (!isServed(client)) {
      clients.delete(client)
      client.close()
    }
  }
}
