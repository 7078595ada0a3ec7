/** Sends back what its clients send, one client after the other: unix-stream-server.js --path PATH */
import { rmSync } from 'node:fs'
import { AF_UNIX, SOCK_STREAM, type Socket, socket } from '@pollux/core'
import { readFlags } from './flags.js'

async function echo(client: Socket): Promise<void> {
  const buffer = Buffer.alloc(4096)
  for (;;) {
    const received = await client.recv(buffer)
    if (received === 0) return
    await client.send(buffer.subarray(0, received))
  }
}

const { path } = readFlags({ path: undefined })
const listener = socket(AF_UNIX, SOCK_STREAM)
rmSync(path, { force: true }) // what a server before us left: bind makes the file, and nothing removes it
listener.bind({ path })
listener.listen()
console.log(`listening on ${path}`)
for await (const { socket: client } of listener) {
  try {
    await echo(client)
  } catch (error) {
    console.error(String(error)) // this client is lost; the next one is served
  }
  client.close()
}
