/** Puts every key into a store, so that each GET finds one and look-ups meet memory, not only the cache. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Protocol } from '../peers/comparison-peer.js'
import { KEYS } from './workloads.js'

/** The name of a key, as redis-benchmark writes it. */
function keyName(number: number): string {
  return `key:${String(number).padStart(12, '0')}`
}

/** Sets all keys to values of that size, in one go. Rejects where the server says anything but that it has done so. */
export async function fillStore(protocol: Protocol, target: string, size: number): Promise<void> {
  const value = 'x'.repeat(size)
  const [command, reply] =
    protocol === 'memcache'
      ? [(key: string) => `set ${key} 0 0 ${size}\r\n${value}\r\n`, 'STORED\r\n']
      : [
          (key: string) => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${size}\r\n${value}\r\n`,
          '+OK\r\n',
        ]
  const url = new URL(`tcp://${target}`)
  const socket = connect({ host: url.hostname, port: Number(url.port) })
  let left = KEYS * reply.length
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    // Every reply is the same, so a wrong one is seen wherever it is cut.
    if (!`${reply}${reply}`.includes(text.slice(0, reply.length))) {
      socket.destroy(new Error(`the store answered a SET with ${JSON.stringify(text.slice(0, 60))}`))
    }
    left -= text.length
    if (left <= 0) socket.destroy()
  })
  const closed = once(socket, 'close')
  socket.write(Array.from({ length: KEYS }, (_, number) => command(keyName(number))).join(''))
  await closed
  if (left > 0) throw new Error('the store closed the connection while it was filled')
}
