/** Sends each datagram back to whoever sent it: udp-server.js --host H --port P */
import { AF_INET, isUnix, SOCK_DGRAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const { host, port } = readFlags({ host: '127.0.0.1', port: 7000 })
const server = socket(AF_INET, SOCK_DGRAM)
server.bind({ host, port })
const bound = server.getsockname()
if (!isUnix(bound)) console.log(`listening on port ${bound.port}`)
const buffer = Buffer.alloc(65536)
for (;;) {
  const { bytes, address } = await server.recvfrom(buffer) // a datagram of UDP always has an address
  try {
    await server.sendto(buffer.subarray(0, bytes), 0, address!)
  } catch (error) {
    console.error(String(error)) // one answer is lost; the others are served
  }
}
