// A chunk that was written is the program's again: also one that was received.
import { once } from 'node:events'
import * as nodeNet from 'node:net'
import { describe, expect, it } from 'vitest'
import * as ours from '../../src/index.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

const SENT = 0x41
const REUSED = 0x42

/** What a server does with a chunk, whose memory it uses again as soon as it is told that it may. */
const ECHOES: Record<string, (socket: nodeNet.Socket, chunk: Buffer) => void> = {
  'as soon as write has returned': (socket, chunk) => {
    socket.write(chunk)
    chunk.fill(REUSED)
  },
  'in the callback of write': (socket, chunk) => {
    socket.write(chunk, () => chunk.fill(REUSED))
  },
  'in the callback of a write with an encoding': (socket, chunk) => {
    socket.write(chunk, 'latin1', () => chunk.fill(REUSED))
  },
  'in the callback of a write of the next tick': (socket, chunk) => {
    process.nextTick(() => socket.write(chunk, () => chunk.fill(REUSED)))
  },
  'in the callback of a write of the next turn': (socket, chunk) => {
    setImmediate(() => socket.write(chunk, () => chunk.fill(REUSED)))
  },
  'in the callback of a write that was corked': (socket, chunk) => {
    socket.cork()
    socket.write(chunk, () => chunk.fill(REUSED))
    socket.write('')
    process.nextTick(() => socket.uncork())
  },
}

const MODULES = { 'node:net': nodeNet, '@pollux/net': ours as unknown as typeof nodeNet }

describe.each(Object.entries(MODULES))('%s sends what a chunk was', (_, { createServer, connect }) => {
  describe.each(Object.entries(ECHOES))('that is used again %s', (_, echo) => {
    // Below and above what is copied.
    it.each([64, 600, 5_000, 65_536])('%i bytes', async (size) => {
      const server = createServer((socket) => socket.on('data', (chunk) => echo(socket, chunk)))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const client = connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
      client.write(Buffer.alloc(size, SENT))
      const came: Buffer[] = []
      for await (const chunk of client) {
        came.push(chunk)
        if (came.reduce((sum, { length }) => sum + length, 0) === size) break
      }
      expect(Buffer.concat(came).equals(Buffer.alloc(size, SENT))).toBe(true)
      server.close()
      await once(server, 'close')
    })
  })
})
