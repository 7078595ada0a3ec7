// Servers to load: programs of ours, and sockets in this process that answer as told.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Child } from '../../../../packages/native-poll/test/support/child.js'
import { stop } from './stop.js'

export interface TestServer {
  port: number
  pid: number
  close: () => Promise<void>
}

const file = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** A program of this repository in a process of its own: 'examples/dist/echo.js'. */
export async function startProgram(path: string, flags: string[] = []): Promise<TestServer> {
  const child = Child.node([file(path), '--port', '0', ...flags])
  const port = Number(await child.awaitOutput(/^listening on (?:tcp|udp):\/\/127\.0\.0\.1:(\d+)\n/))
  return { port, pid: child.process.pid as number, close: () => stop(child) }
}

/** A server in this process that does this with each connection. */
export async function serve(listener: (socket: Socket, number: number) => void): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    // Of a client that has gone.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    listener(socket, connections++)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port: (server.address() as { port: number }).port, pid: process.pid, close }
}

/** A port on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = await serve(() => {})
  await server.close()
  return server.port
}
