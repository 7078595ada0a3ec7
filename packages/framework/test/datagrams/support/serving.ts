// Datagram servers of a test, closed when it ends, and node:dgram's sockets to talk to them.
import {
  createDatagramServer,
  type DatagramCodec,
  type DatagramServer,
  type DatagramServerInit,
  type DatagramTarget,
  malformedFrame,
} from '@pollux/framework'
import { afterEach } from 'vitest'
import { UdpPeer } from '../../../../core/test/datagrams/support/datagrams.js'
import { BACKENDS, endChildren, iteration } from '../../support/raw.js'
import { loopOn, leaveNothingBehind as nothingOfServers, portOf } from '../../support/serving.js'

const servers = new Set<{ close(options: { deadlineMs: number }): Promise<void> }>()
const peers = new Set<UdpPeer>()

/** As for stream servers, and closes the datagram servers, peers and programs of each test. */
export function leaveNothingBehind() {
  nothingOfServers()
  afterEach(async () => {
    endChildren()
    await Promise.all([...servers].map((server) => server.close({ deadlineMs: 0 })))
    for (const { socket } of peers) socket.close()
    servers.clear()
    peers.clear()
  })
}

export function serverOf<State = unknown, In = Buffer, Out = Uint8Array>(
  init: DatagramServerInit<State, In, Out>,
): DatagramServer<State, In, Out> {
  const server = createDatagramServer({ loop: loopOn(BACKENDS[0]), ...init })
  servers.add(server)
  return server
}

export const HERE: DatagramTarget = { host: '127.0.0.1', port: 0 }

export async function serve<State = unknown, In = Buffer, Out = Uint8Array>(
  init: DatagramServerInit<State, In, Out>,
  target: DatagramTarget = HERE,
) {
  const server = serverOf(init)
  await server.listen(target)
  return { server, port: 'path' in target ? 0 : portOf(server) }
}

export async function udpPeer(host?: string): Promise<UdpPeer> {
  const peer = await UdpPeer.bind(host)
  peers.add(peer)
  return peer
}

/** Text, in any datagram but an empty one. */
export const text: DatagramCodec<string> = {
  decode(data) {
    if (data.length === 0) return undefined
    if (data[0] === 0) throw malformedFrame('a text that begins with NUL')
    return data.toString()
  },
  encode(message, output) {
    if (typeof message !== 'string') throw new TypeError('a message must be a string')
    output.text(message)
  },
}

/** A few turns, in which something that must not happen would have. */
export async function settled() {
  for (let i = 0; i < 20; i++) await iteration()
}
