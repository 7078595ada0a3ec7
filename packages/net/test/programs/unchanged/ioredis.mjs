import { Redis } from 'ioredis'

export async function ioredis({ port }) {
  const redis = new Redis({ host: '127.0.0.1', port })
  const pipeline = redis.pipeline().del('n')
  for (let i = 0; i < 1000; i++) pipeline.incr('n')
  const replies = await pipeline.exec()
  const text = 'x'.repeat(1 << 20)
  await redis.set('text', text)
  const isSame = (await redis.get('text')) === text
  const socket = redis.stream
  await redis.quit()
  return { socket, said: [replies.at(-1), isSame] }
}
