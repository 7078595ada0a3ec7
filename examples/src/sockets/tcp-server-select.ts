/** An echo server over TCP, many clients with select: tcp-server-select.js --host H --port P */
import {
  AF_INET,
  constants,
  isUnix,
  SOCK_STREAM,
  type Socket,
  SocketError,
  select,
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

function takeClient(listener: Socket): void {
  const accepted = listener.tryAccept()
  if (accepted === WOULD_BLOCK) return
  // A set has no bit for it.
  if (accepted.socket.fd >= constants.FD_SETSIZE) accepted.socket.close()
  else clients.set(accepted.socket, Buffer.alloc(0))
}

const { host, port } = readFlags({ host: '127.0.0.1', port: 7000 })
const listener = listenOn(host, port)
for (;;) {
  const read = [listener]
  const write: Socket[] = []
  // A client that does not read its answers is not read from either.
  for (const [client, pending] of clients) (pending.length > 0 ? write : read).push(client)
  const ready = await select({ read, write })
  for (const each of [...ready.read, ...ready.write] as Socket[]) {
    if (each === listener) {
      takeClient(listener)
    } else if (!isServed(each)) {
      clients.delete(each)
      each.close()
    }
  }
}
