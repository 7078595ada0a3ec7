// Many connections that write, pause, half-close and go away at random points, checked byte for byte.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as net from '@pollux/net'
import { expect } from 'vitest'
import { iteration, patiently } from '../../../native-poll/test/support/patience.js'
import { noise } from '../../../native-poll/test/support/peer.js'
import type { Random } from '../../../native-poll/test/support/random.js'

export const CONNECTIONS = 40
const MOST_BYTES = 300_000

/** An echo server, by `pipe` or by `write`, and clients that give it no rest. What is not broken off comes back whole. */
export async function hammer(random: Random): Promise<void> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    if (random.below(2) === 0) socket.pipe(socket)
    else socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('end', () => socket.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await Promise.all(Array.from({ length: CONNECTIONS }, () => speak(port, random)))
  server.close()
  await patiently(once(server, 'close'), 'the server to close')
}

async function speak(port: number, random: Random): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: random.below(2) === 0 })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const failed = new Promise<Error | undefined>((resolve) => {
    socket.once('error', resolve)
    socket.once('close', () => resolve(undefined))
  })
  const back = createHash('sha1')
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    back.update(chunk)
    received += chunk.length
    if (random.below(6) === 0) pauseForAMoment(socket, random)
  })
  const bytes = noise(random.below(MOST_BYTES))
  const isBrokenOff = random.below(5) === 0
  for (let sent = 0; sent < bytes.length; ) {
    const length = 1 + random.below(random.pick([10, 1000, 50_000]))
    if (random.below(5) === 0) socket.cork()
    socket.write(bytes.subarray(sent, sent + length))
    sent += length
    if (random.below(3) === 0) for (let i = socket.writableCorked; i > 0; i--) socket.uncork()
    if (random.below(3) === 0) await iteration()
  }
  if (isBrokenOff) {
    if (random.below(2) === 0) socket.destroy()
    else socket.resetAndDestroy()
  } else {
    for (let i = socket.writableCorked; i > 0; i--) socket.uncork()
    socket.end()
  }
  await patiently(closed, () => `a connection to close, with ${received} of ${bytes.length} bytes`)
  if (isBrokenOff) return
  expect(await failed).toBeUndefined()
  expect(received).toBe(bytes.length)
  expect(back.digest('hex')).toBe(createHash('sha1').update(bytes).digest('hex'))
  expect([socket.bytesRead, socket.bytesWritten]).toEqual([bytes.length, bytes.length])
}

async function pauseForAMoment(socket: net.Socket, random: Random): Promise<void> {
  socket.pause()
  for (let i = random.below(5); i >= 0; i--) await iteration()
  socket.resume()
}
