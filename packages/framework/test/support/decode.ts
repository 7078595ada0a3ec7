// Feeds a codec as a connection does, with bytes around the input that are not the codec's to read.
import { isDeepStrictEqual } from 'node:util'
import {
  type Codec,
  type CodecError,
  encodeToBuffer,
  frameTooLong,
  Input,
  incompleteFrame,
} from '@pollux/framework'
import { expect } from 'vitest'
import type { Random } from './random.js'

/** Every delimiter that the tests know, a digit and a brace: whoever reads behind the input finds what it looks for. */
const POISON = Buffer.from('\n\r\n,;ab1:\0}')

export interface Decoded<In> {
  messages: In[]
  /** What the connection would fail with. */
  error: unknown
  /** How often the codec was asked. */
  calls: number
  /** The most bytes of an incomplete frame that were kept. */
  mostKept: number
}

export interface DecodeOptions {
  /** Whether the peer ends behind the bytes. Default true. */
  end?: boolean
  borrow?: boolean
  /** What is seen of the input before each call. */
  watch?: (input: Input) => void
}

/** No input may bring a codec to this. */
class Misbehaviour extends Error {}

/** The messages of these chunks, up to the first error. */
export function decodeChunks<In>(
  codec: Codec<In, never>,
  chunks: readonly Uint8Array[],
  { end = true, borrow = false, watch }: DecodeOptions = {},
): Decoded<In> {
  const decoded: Decoded<In> = { messages: [], error: undefined, calls: 0, mostKept: 0 }
  const input = new Input(Buffer.alloc(0))
  input.borrow = borrow

  /** Each call has to consume something or be the last. */
  const decode = (last: boolean) => {
    while (input.start < input.end) {
      const { start } = input
      watch?.(input)
      decoded.calls++
      const message = last ? codec.end?.(input) : codec.decode(input)
      if (input.start < start || input.start > input.end) throw new Misbehaviour('left the input')
      if (message === undefined) {
        if (last || input.start === start) return
        continue
      }
      if (input.start === start) throw new Misbehaviour('made a message of nothing')
      input.scanned = 0
      input.needed = 0
      decoded.messages.push(message)
    }
  }

  try {
    for (const chunk of chunks) {
      receive(input, chunk)
      if (input.length >= input.needed) decode(false)
      decoded.mostKept = Math.max(decoded.mostKept, input.length)
      const bytes = Math.max(input.length, input.needed)
      if (input.length > 0 && bytes > codec.maxFrameBytes) throw frameTooLong(codec.maxFrameBytes)
    }
    if (end && input.length > 0) {
      decode(true)
      if (input.length > 0) throw incompleteFrame(input.length)
    }
  } catch (error) {
    if (error instanceof Misbehaviour) throw error
    decoded.error = error
  }
  return decoded
}

/** A chunk alone is as it came; behind the rest of others it stands in memory that goes on. */
function receive(input: Input, chunk: Uint8Array) {
  const { length } = input
  if (length === 0) {
    input.bytes = Buffer.from(chunk)
    input.start = 0
    input.end = chunk.length
    input.scanned = 0
    input.needed = 0
    return
  }
  const end = input.end + chunk.length
  if (end + POISON.length > input.bytes.length) {
    const larger = Buffer.alloc(POISON.length * 2 + (length + chunk.length) * 2, POISON)
    input.bytes.copy(larger, POISON.length, input.start, input.end)
    input.bytes = larger
    input.start = POISON.length
    input.end = input.start + length
  }
  input.bytes.set(chunk, input.end)
  input.end += chunk.length
}

/** How many bytes a codec looks at while these come one by one. */
export function countLooks(codec: Codec<unknown, never>, bytes: Uint8Array): number {
  let looks = 0
  const counting = (memory: Buffer): Buffer =>
    new Proxy(memory, {
      get(target, key) {
        if (key === 'indexOf') {
          return (value: number | Buffer, from: number) => {
            looks += target.length - from
            return target.indexOf(value, from)
          }
        }
        if (key === 'subarray') return (from: number, to: number) => counting(target.subarray(from, to))
        if (typeof key === 'string' && /^\d+$/.test(key)) looks++
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  let counted: Buffer | undefined
  const { error } = decodeChunks(codec, byteByByte(bytes), {
    watch(input) {
      if (input.bytes !== counted) {
        counted = counting(input.bytes)
        input.bytes = counted
      }
    },
  })
  if (error !== undefined) throw error
  return looks
}

/** All that the codec makes of these bytes; throws what it throws. */
export function decodeAll<In>(codec: Codec<In, never>, ...chunks: (Uint8Array | string)[]): In[] {
  const { messages, error } = decodeChunks(
    codec,
    chunks.map((chunk) => Buffer.from(chunk as string)),
  )
  if (error !== undefined) throw error
  return messages
}

/** One chunk for each byte. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
}

/** Cut at these places, in whichever order, of which those past the end mean the end. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => Math.min(place, bytes.length)), bytes.length].sort(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut))
}

export function cutAnywhere(bytes: Uint8Array, random: Random): Uint8Array[] {
  const places = Array.from({ length: random.int(0, 12) }, () => random.int(0, bytes.length))
  return cutAt(bytes, places)
}

/** The bytes of these messages, one after the other. */
export function encodeAll<Out>(codec: Codec<unknown, Out>, messages: readonly Out[]): Buffer {
  return Buffer.concat(messages.map((message) => encodeToBuffer(codec, message)))
}

/** Messages, code and words of the error: what may not depend on how the bytes were cut. */
export function outcome<In>({ messages, error }: Decoded<In>) {
  const { name, code, message } = (error ?? {}) as Partial<CodecError>
  return { messages, error: error === undefined ? undefined : { name, code, message } }
}

/** As toEqual, which takes long and is asked for its words alone. */
export function expectEqual(actual: unknown, expected: unknown, what?: () => string) {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, what?.()).toEqual(expected)
}
