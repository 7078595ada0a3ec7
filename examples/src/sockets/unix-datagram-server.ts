/** Sends each datagram back to whoever sent it, on a Unix socket: unix-datagram-server.js --path PATH */
import { rmSync } from 'node:fs'
import { AF_UNIX, SOCK_DGRAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const { path } = readFlags({ path: undefined })
const server = socket(AF_UNIX, SOCK_DGRAM)
rmSync(path, { force: true }) // what a server before us left
server.bind({ path })
console.log(`listening on ${path}`)
const buffer = Buffer.alloc(65536)
for (;;) {
  const { bytes, address } = await server.recvfrom(buffer)
  if (address === undefined) continue // the sender has no name that an answer could go to
  try {
    await server.sendto(buffer.subarray(0, bytes), 0, address)
  } catch (error) {
    console.error(String(error)) // it has gone meanwhile; the others are served
  }
}
