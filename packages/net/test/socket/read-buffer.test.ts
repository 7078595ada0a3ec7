// Bytes on their way into the user's memory.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import { kIsReading } from '../../src/internals.js'
import { ReadBuffer } from '../../src/read-buffer.js'

function readInto(size: number, onPiece: (text: string) => boolean = () => true) {
  const seen: string[] = []
  const reader = { [kIsReading]: true }
  const callback = (length: number, buffer: Uint8Array) => {
    const text = Buffer.from(buffer.subarray(0, length)).toString()
    seen.push(text)
    return onPiece(text)
  }
  const target = ReadBuffer.from({ buffer: Buffer.alloc(size), callback }) as ReadBuffer
  return { seen, reader, target }
}

describe('what arrives for a buffer of the user', () => {
  it('comes in pieces that fit', () => {
    const { seen, reader, target } = readInto(4)
    expect(target.take(Buffer.from('abcdefghij'), reader)).toBe(true)
    expect(seen).toEqual(['abcd', 'efgh', 'ij'])
    expect(target.hasRest).toBe(false)
  })

  it('is kept where the user has enough, even if the chunk was lent for this call alone', () => {
    const { seen, reader, target } = readInto(4, (text) => text !== 'abcd')
    const lent = Buffer.from('abcdefgh')
    expect(target.take(lent, reader)).toBe(false)
    lent.fill('x')
    expect(target.hasRest).toBe(true)
    expect(target.take(null, reader)).toBe(true)
    expect(seen).toEqual(['abcd', 'efgh'])
  })

  it('goes behind what came earlier and still waits', () => {
    const { seen, reader, target } = readInto(4)
    reader[kIsReading] = false
    expect(target.take(Buffer.from('abc'), reader)).toBe(false)
    expect(target.take(Buffer.from('def'), reader)).toBe(false)
    expect(seen).toEqual([])
    reader[kIsReading] = true
    expect(target.take(Buffer.from('gh'), reader)).toBe(true)
    expect(seen).toEqual(['abcd', 'efgh'])
  })

  it('stops with the piece whose callback pauses', () => {
    const { seen, reader, target } = readInto(4, () => {
      reader[kIsReading] = false
      return true
    })
    expect(target.take(Buffer.from('abcdef'), reader)).toBe(false)
    expect(seen).toEqual(['abcd'])
    expect(target.hasRest).toBe(true)
  })

  it('is all there and in order, however often it pauses and however small the buffer', async () => {
    const sent = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i % 251))
    const server = createServer((peer) => peer.end(sent)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const pieces: Buffer[] = []
    const socket = connect({
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
      onread: {
        buffer: Buffer.alloc(10_007),
        callback(length: number, buffer: Uint8Array) {
          pieces.push(Buffer.from(buffer.subarray(0, length)))
          socket.pause()
          setImmediate(() => socket.resume())
          return pieces.length % 2 === 0
        },
      },
    })
    await once(socket, 'close')
    server.close()
    expect(Buffer.concat(pieces).equals(sent)).toBe(true)
  })
})
