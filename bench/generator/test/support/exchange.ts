// Conversations over node:net, without the engine: what a protocol says and understands, and nothing of its speed.
import { connect } from 'node:net'
import type { Conversation, OpenConversation } from '../../src/protocols/protocol.js'

export interface Exchanged {
  replies: number
  /** Replies that count as errors, by kind. */
  failures: Record<string, number>
  conversation: Conversation
}

/** Keeps `depth` requests in flight on one connection until `count` were answered. Rejects with what `receive` throws. */
export function exchange(
  open: OpenConversation,
  to: { port: number } | { path: string },
  { count = 10, depth = 1, connection = 0 } = {},
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const socket = connect(to)
    const failures: Record<string, number> = {}
    let asked = 0
    let replies = 0
    const out = {
      write: (bytes: Buffer) => void socket.write(Buffer.from(bytes)),
      text: (text: string) => void socket.write(text),
    }
    const ask = () => {
      if (asked++ < count) conversation.request(out)
    }
    const conversation = open(connection, (failure) => {
      replies++
      if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1
      if (replies === count) socket.end()
      else ask()
    })
    socket.on('connect', () => {
      for (let i = 0; i < depth; i++) ask()
    })
    socket.on('data', (data) => {
      try {
        conversation.receive(data)
      } catch (error) {
        reject(error)
        socket.destroy()
      }
    })
    socket.on('end', () => conversation.ended?.())
    socket.on('error', reject)
    socket.on('close', () => {
      if (replies === count) resolve({ replies, failures, conversation })
      else reject(new Error(`the server closed after ${replies} of ${count} replies`))
    })
  })
}
