// A borrowed chunk is the handler's until it returns; with POLLUX_DEBUG=1 later use is caught.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { BACKENDS, Child, endChildren, noise } from './support/raw.js'
import { leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()
afterEach(endChildren)

const FIXTURE = fileURLToPath(new URL('fixtures/borrowed_misuse.mjs', import.meta.url))

async function misuse(backend: string, debug: string) {
  const child = Child.node([FIXTURE, backend], { POLLUX_DEBUG: debug })
  expect(await child.awaitExit(), child.errors).toBe(0)
  return JSON.parse(child.output) as { results: Record<string, string>; misuses: string[] }
}

describe.each(BACKENDS)('a borrowed chunk on %s', (backend) => {
  it('throws ERR_POLLUX_BORROWED_CHUNK however it is used too late, with POLLUX_DEBUG=1', async () => {
    const { results, misuses } = await misuse(backend, '1')
    const caught = Object.fromEntries(misuses.map((name) => [name, results[name]]))
    expect(caught).toEqual(Object.fromEntries(misuses.map((name) => [name, 'ERR_POLLUX_BORROWED_CHUNK'])))
    expect(results).toMatchObject({
      inTime: 'hello',
      copied: 'hello',
      echoed: 'hello',
      firstByte: 'undefined',
    })
  })

  it('is not watched without it', async () => {
    const { results, misuses } = await misuse(backend, '')
    expect(misuses.map((name) => results[name])).not.toContain('ERR_POLLUX_BORROWED_CHUNK')
    expect(results).toMatchObject({ inTime: 'hello', copied: 'hello' })
  })

  it('uses the same memory again and again', async () => {
    const seen = new Set<ArrayBufferLike>()
    const service = await serve({
      loop: loopOn(backend, { slabBytes: 100_000 }),
      borrow: true,
      data(conn, chunk) {
        seen.add(chunk.buffer)
        conn.write(chunk)
      },
    })
    const peer = await service.connect()
    const bytes = noise(2_000_000)
    await Promise.all([peer.send(bytes), peer.awaitBytes(bytes.length)])
    await peer.expectBytes(bytes)
    expect(seen.size).toBe(1)
  })
})
