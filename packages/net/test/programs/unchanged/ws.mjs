import { once } from 'node:events'
import { WebSocket } from 'ws'

export async function ws({ port }) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  const [[{ socket }]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')])
  const lengths = []
  const heard = new Promise((resolve) => {
    client.on('message', (data) => {
      if (lengths.push(data.length) === 100) resolve()
    })
  })
  for (let i = 0; i < 100; i++) client.send('x'.repeat(i * 1000))
  await heard
  client.close(1000, 'done')
  const [code, reason] = await once(client, 'close')
  return { socket, said: [lengths.every((length, i) => length === i * 1000), code, String(reason)] }
}
