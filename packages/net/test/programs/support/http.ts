// HTTP servers that take the connections of a module.
import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import * as node from 'node:net'

/** Takes connections, and can be closed with all that it took. */
export interface Listening {
  port: number
  /** What it took, in order. */
  sockets: node.Socket[]
  close(): Promise<void>
}

/** What `http.Server` asks of its connections. */
const OPTIONS = { allowHalfOpen: true, noDelay: true }

/** Listens with the HTTP server itself for node:net, and for another module with a server of its that hands connections on. */
export async function listenOver(net: typeof node, server: HttpServer): Promise<Listening> {
  const listener =
    net === node ? server : net.createServer(OPTIONS, (socket) => void server.emit('connection', socket))
  const sockets: node.Socket[] = []
  listener.on('connection', (socket: node.Socket) => void sockets.push(socket))
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    listener.close()
    await once(listener, 'close')
  }
  return { port: (listener.address() as node.AddressInfo).port, sockets, close }
}
