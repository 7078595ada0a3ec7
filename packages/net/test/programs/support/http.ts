// HTTP servers that take the connections of a module.
import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import * as node from 'node:net'
import { attach } from '@pollux/net/http'

/** The server, which is to listen by the module: attached, unless that is Node's own. */
export function serverOver<S extends node.Server>(net: typeof node, server: S): S {
  return net === node ? server : attach(server)
}

/** Takes connections, and can be closed with all that it took. */
export interface Listening {
  port: number
  /** What it took, in order. */
  sockets: node.Socket[]
  close(): Promise<void>
}

/** Listens on a free port. */
export async function listenOver(net: typeof node, server: HttpServer): Promise<Listening> {
  const sockets = connectionsOf(serverOver(net, server))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return { port: portOf(server), sockets, close }
}

/** What the server takes from now on. */
export function connectionsOf(server: node.Server): node.Socket[] {
  const sockets: node.Socket[] = []
  server.on('connection', (socket) => void sockets.push(socket))
  return sockets
}

export function portOf(server: node.Server): number {
  return (server.address() as node.AddressInfo).port
}
