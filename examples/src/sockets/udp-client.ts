/**
 * Sends a datagram to an echo server, again if no answer comes, and prints the answer:
 * udp-client.js --host H --port P --message M
 */
import { ErrorCode, getaddrinfo, SOCK_DGRAM, SocketError, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const TRIES = 3
const PATIENCE_MS = 1000

const { host, port, message } = readFlags({ host: '127.0.0.1', port: 7000, message: 'hello' })
const [server] = await getaddrinfo(host, port, { socktype: SOCK_DGRAM })
using client = socket(server.family, server.socktype, server.protocol)
// Connected: datagrams of others are not received, and the server's refusal is reported.
await client.connect(server.address)
const buffer = Buffer.alloc(65536)
for (let tries = 1; ; tries++) {
  await client.send(Buffer.from(message))
  try {
    const received = await client.recv(buffer, 0, { timeoutMs: PATIENCE_MS })
    process.stdout.write(buffer.subarray(0, received))
    break
  } catch (error) {
    const isLate = error instanceof SocketError && error.code === ErrorCode.TIMEOUT
    if (!isLate || tries === TRIES) throw error
  }
}
