import { Op } from '@pollux/native-poll'
import { describe, expect, it } from 'vitest'
import { Chunks } from '../src/chunks.js'
import { debugRequested, revocableCopy, revoke } from '../src/debug.js'

const SLAB_BYTES = 4 * 1024 * 1024

function makeChunks() {
  const slab = new ArrayBuffer(SLAB_BYTES)
  const pool = new ArrayBuffer(1024)
  new Uint8Array(slab).set(Buffer.from('borrowed'), 64)
  new Uint8Array(pool).set(Buffer.from('pooled'), 8)
  return new Chunks(slab, pool)
}

describe('chunks', () => {
  it('are Buffers like any other', () => {
    const chunk = makeChunks().borrowed(64, 8)
    expect(Object.getPrototypeOf(chunk)).toBe(Buffer.prototype)
    expect(Buffer.isBuffer(chunk)).toBe(true)
    expect(chunk.toString()).toBe('borrowed')
    expect(chunk).toEqual(Buffer.from('borrowed'))
  })

  it('remember how to send the current one without a copy', () => {
    const chunks = makeChunks()
    const pooled = chunks.pooled(8, 6)
    expect(pooled.toString()).toBe('pooled')
    expect(chunks).toMatchObject({ currentOp: Op.WRITE_POOLED, currentOffset: 8, currentLength: 6 })
    expect(chunks.current).toBe(pooled)
    chunks.kept(64, 8)
    expect(chunks).toMatchObject({ currentOp: Op.WRITE_RECEIVED, currentOffset: 64, currentLength: 8 })
    chunks.release()
    expect(chunks.current).toBe(null)
  })

  it('are not made again for borrowed bytes of the same place and length', () => {
    const chunks = makeChunks()
    const first = chunks.borrowed(64, 8)
    expect(chunks.borrowed(64, 8)).toBe(first)
    expect(chunks.borrowed(64, 9)).not.toBe(first)
    expect(chunks.borrowed(64, 9).length).toBe(9)
    expect(chunks.kept(64, 9)).not.toBe(chunks.borrowed(64, 9))
  })

  it('are right at every place of the slab, also past what is remembered', () => {
    const chunks = makeChunks()
    for (let offset = SLAB_BYTES - 64; offset >= 0; offset -= 64 * 997) {
      expect(chunks.borrowed(offset, 64)).toMatchObject({ byteOffset: offset, length: 64 })
      expect(chunks.borrowed(offset, 64)).toMatchObject({ byteOffset: offset, length: 64 })
    }
  })

  it('are views of the new slab once there is one', () => {
    const chunks = makeChunks()
    const old = chunks.borrowed(64, 8)
    chunks.replaceSlab(new ArrayBuffer(SLAB_BYTES))
    expect(chunks.borrowed(64, 8)).not.toBe(old)
    expect(old.toString()).toBe('borrowed')
  })

  it('fail loudly when a handler has transferred the memory away', () => {
    const chunks = makeChunks()
    chunks.borrowed(64, 8)
    structuredClone(null, { transfer: [chunks.slab, chunks.pool] })
    const lost = expect.objectContaining({ code: 'ERR_POLLUX_MEMORY_DETACHED' })
    expect(() => chunks.borrowed(64, 8)).toThrow(lost)
    expect(() => chunks.kept(64, 8)).toThrow(lost)
    expect(() => chunks.pooled(8, 6)).toThrow(lost)
  })
})

describe('a revoked chunk', () => {
  const misuse = expect.objectContaining({ code: 'ERR_POLLUX_BORROWED_CHUNK' })

  it.each<[string, (chunk: Buffer) => unknown]>([
    ['toString', (chunk) => chunk.toString()],
    ['length', (chunk) => chunk.length],
    ['subarray', (chunk) => chunk.subarray(0, 1)],
    ['copy', (chunk) => Buffer.from(chunk)],
    ['concat', (chunk) => Buffer.concat([chunk])],
    ['iteration', (chunk) => [...chunk]],
    ['a template', (chunk) => `${chunk}`],
    ['setting a property', (chunk) => Object.assign(chunk, { seen: true })],
  ])('throws for %s', (_name, use) => {
    const chunk = revocableCopy(Buffer.from('secret'))
    expect(chunk.toString()).toBe('secret')
    revoke(chunk)
    expect(() => use(chunk)).toThrow(misuse)
  })

  it('takes the bytes of its views with it, and leaves the original alone', () => {
    const original = Buffer.from('secret')
    const chunk = revocableCopy(original)
    const part = chunk.subarray(0, 3)
    revoke(chunk)
    expect(part.length).toBe(0)
    expect(original.toString()).toBe('secret')
  })

  it('is made only when POLLUX_DEBUG asks for it', () => {
    expect(debugRequested({ POLLUX_DEBUG: '1' })).toBe(true)
    expect(debugRequested({ POLLUX_DEBUG: '0' })).toBe(false)
    expect(debugRequested({ POLLUX_DEBUG: '' })).toBe(false)
    expect(debugRequested({})).toBe(false)
  })
})
