/**
 * Sends a message to an echo server on a Unix socket, and prints what comes back:
 * unix-stream-client.js --path PATH --message M
 */
import { AF_UNIX, SHUT_WR, SOCK_STREAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const { path, message } = readFlags({ path: undefined, message: 'hello' })
using client = socket(AF_UNIX, SOCK_STREAM)
await client.connect({ path })
await client.send(Buffer.from(message))
client.shutdown(SHUT_WR)
const buffer = Buffer.alloc(4096)
for (;;) {
  const received = await client.recv(buffer)
  if (received === 0) break
  process.stdout.write(Buffer.from(buffer.subarray(0, received)))
}
