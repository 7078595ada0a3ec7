// Servers that do what a test wants, on node:net: nothing of Pollux is at their end.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AF_INET, SOCK_STREAM, type Socket as StreamSocket, socket } from '@pollux/core'
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

/** A listener that accepts who is asked for, and nobody else; whoever comes when its queue is full gets no answer. */
export async function listenDeaf(): Promise<{
  target: string
  accept(): Promise<StreamSocket>
  fill(): Promise<void>
  /** How many wait for an answer. */
  connecting(): number
}> {
  const listener = socket(AF_INET, SOCK_STREAM)
  const opened: { destroy(): unknown }[] = []
  listener.bind({ host: '127.0.0.1', port: 0 })
  listener.listen(0)
  const { port } = listener.getsockname() as { port: number }
  onTestFinished(() => {
    for (const each of opened) each.destroy()
    listener.close()
  })
  return {
    target: `127.0.0.1:${port}`,
    async accept() {
      const accepted = (await listener.accept()).socket
      opened.push({ destroy: () => accepted.close() })
      return accepted
    },
    connecting() {
      const state = { server: `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`, synSent: '02' }
      const sockets = readFileSync('/proc/net/tcp', 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
      return sockets.filter(([, , remote, st]) => remote === state.server && st === state.synSent).length
    },
    /** The kernel drops the SYN of who finds it full. */
    async fill() {
      for (;;) {
        const filler = connect(port, '127.0.0.1').on('error', () => {})
        opened.push(filler)
        const isIn = await Promise.race([once(filler, 'connect').then(() => true), sleep(300, false)])
        if (!isIn) return
      }
    },
  }
}

/** Sends everything back. */
export function echo(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('data', (data) => socket.write(data))
}
