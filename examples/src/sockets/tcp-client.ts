/** Sends a message to an echo server over TCP, and prints what comes back: tcp-client.js --host H --port P --message M */
import { getaddrinfo, SHUT_WR, SOCK_STREAM, type Socket, socket } from '@pollux/core'
import { readFlags } from './flags.js'

/** Connected to the first of the host's addresses that answers. */
async function connectTo(host: string, port: number): Promise<Socket> {
  let why: unknown
  for (const each of await getaddrinfo(host, port, { socktype: SOCK_STREAM })) {
    const candidate = socket(each.family, each.socktype, each.protocol)
    try {
      await candidate.connect(each.address)
      return candidate
    } catch (error) {
      candidate.close()
      why = error
    }
  }
  throw why
}

const { host, port, message } = readFlags({ host: '127.0.0.1', port: 7000, message: 'hello' })
using connection = await connectTo(host, port)
await connection.send(Buffer.from(message)) // all of it: the promise goes on where the kernel stops
connection.shutdown(SHUT_WR)
const buffer = Buffer.alloc(4096)
for (;;) {
  const received = await connection.recv(buffer)
  if (received === 0) break
  process.stdout.write(Buffer.from(buffer.subarray(0, received)))
}
