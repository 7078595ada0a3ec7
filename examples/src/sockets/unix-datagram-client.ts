/**
 * Sends a datagram to an echo server on a Unix socket, and prints the answer:
 * unix-datagram-client.js --path PATH --message M
 */
import { rmSync } from 'node:fs'
import { AF_UNIX, SOCK_DGRAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const { path, message } = readFlags({ path: undefined, message: 'hello' })
using client = socket(AF_UNIX, SOCK_DGRAM)
// The server answers to a name, so this end needs one as well.
const ours = `${path}.${process.pid}`
client.bind({ path: ours })
try {
  await client.sendto(Buffer.from(message), 0, { path })
  const buffer = Buffer.alloc(65536)
  process.stdout.write(buffer.subarray(0, await client.recv(buffer)))
} finally {
  rmSync(ours)
}
