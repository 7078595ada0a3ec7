// Servers that do what a test wants, on node:net: nothing of Pollux is at their end.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Listening {
  server: Server
  /** '127.0.0.1:PORT' */
  target: string
}

/** Listens on a free port of 127.0.0.1, or on a path, until the test is over. */
export async function listen(onConnection: (socket: Socket) => void, path?: string): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // Generators close as they like.
    socket.on('error', () => {})
    onConnection(socket)
  })
  if (path === undefined) server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { server, target: path ?? `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Sends everything back. */
export function echo(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('data', (data) => socket.write(data))
}
