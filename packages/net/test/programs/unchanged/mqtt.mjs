import { once } from 'node:events'
import { connectAsync } from 'mqtt'

export async function mqtt({ port }) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`)
  const topic = `unchanged/${process.pid}`
  await client.subscribeAsync(topic, { qos: 2 })
  const heard = once(client, 'message')
  await client.publishAsync(topic, 'x'.repeat(1 << 20), { qos: 2 })
  const [, payload] = await heard
  const socket = client.stream
  await client.endAsync()
  return { socket, said: [payload.length] }
}
