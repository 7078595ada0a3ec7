import { subscribe } from 'node:diagnostics_channel'
import { Agent, fetch } from 'undici'

export async function undici({ port }) {
  const sockets = []
  subscribe('undici:client:connected', ({ socket }) => sockets.push(socket))
  const dispatcher = new Agent({ connections: 2, pipelining: 5 })
  const asked = Array.from({ length: 100 }, async (_, i) => {
    const answer = await fetch(`http://127.0.0.1:${port}/${i}`, { dispatcher })
    return (await answer.text()) === `hello /${i}`
  })
  const isAnswered = (await Promise.all(asked)).every(Boolean)
  await dispatcher.close()
  return { socket: sockets[0], said: [isAnswered, sockets.length] }
}
