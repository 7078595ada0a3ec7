/** Codecs made of codecs. */
import { checkObject, invalidArgType } from '@pollux/core'
import type { Codec } from './codec.js'
import { CodecError, malformedFrame } from './codec-error.js'
import type { Input } from './input.js'
import type { Output } from './output.js'

/** From frame to value, and back. */
export interface CodecMap<FrameIn, FrameOut, In, Out> {
  /**
   * The value of a received frame; undefined leaves the frame out. What it throws fails the connection with
   * ERR_POLLUX_MALFORMED_FRAME, as the error's `cause`, unless it is a {@link CodecError} itself. A frame of bytes is borrowed
   * where the connection borrows.
   */
  decode(frame: FrameIn): In | undefined
  /** The frame of a value that is to be sent. What it throws, `send` throws. */
  encode(value: Out): FrameOut
}

/**
 * A codec whose frames become values, and whose values become frames.
 *
 * @throws TypeError for what is no codec or no map
 *
 * @example
 * ```ts
 * import { lengthPrefixed, malformedFrame, mapCodec } from '@pollux/framework'
 *
 * const points = mapCodec(lengthPrefixed({ bytes: 2 }), {
 *   decode(frame) {
 *     if (frame.length !== 8) throw malformedFrame('a point takes 8 bytes')
 *     return { x: frame.readInt32BE(0), y: frame.readInt32BE(4) }
 *   },
 *   encode({ x, y }: { x: number; y: number }) {
 *     const frame = Buffer.alloc(8)
 *     frame.writeInt32BE(x, 0)
 *     frame.writeInt32BE(y, 4)
 *     return frame
 *   },
 * })
 * ```
 */
export function mapCodec<FrameIn, FrameOut, In, Out>(
  codec: Codec<FrameIn, FrameOut>,
  map: CodecMap<FrameIn, FrameOut, In, Out>,
): Codec<In, Out>
/** The same of a function that makes a codec for each connection. */
export function mapCodec<FrameIn, FrameOut, In, Out>(
  codec: () => Codec<FrameIn, FrameOut>,
  map: CodecMap<FrameIn, FrameOut, In, Out>,
): () => Codec<In, Out>
export function mapCodec<FrameIn, FrameOut, In, Out>(
  codec: Codec<FrameIn, FrameOut> | (() => Codec<FrameIn, FrameOut>),
  map: CodecMap<FrameIn, FrameOut, In, Out>,
): Codec<In, Out> | (() => Codec<In, Out>) {
  if (typeof codec !== 'function') checkCodec(codec)
  checkMap(map)
  if (typeof codec === 'function') return () => new Mapped(codec(), map)
  return new Mapped(codec, map)
}

class Mapped<FrameIn, FrameOut, In, Out> implements Codec<In, Out> {
  readonly maxFrameBytes: number
  private readonly codec: Codec<FrameIn, FrameOut>
  private readonly map: CodecMap<FrameIn, FrameOut, In, Out>

  constructor(codec: Codec<FrameIn, FrameOut>, map: CodecMap<FrameIn, FrameOut, In, Out>) {
    this.codec = codec
    this.map = map
    this.maxFrameBytes = codec.maxFrameBytes
  }

  decode(input: Input): In | undefined {
    for (;;) {
      const frame = this.codec.decode(input)
      if (frame === undefined) return undefined
      const value = this.valueOf(frame)
      if (value !== undefined) return value
      input.scanned = 0
      input.needed = 0
    }
  }

  end(input: Input): In | undefined {
    for (;;) {
      const frame = this.codec.end?.(input)
      if (frame === undefined) return undefined
      const value = this.valueOf(frame)
      if (value !== undefined) return value
    }
  }

  encode(value: Out, output: Output): void {
    this.codec.encode(this.map.encode(value), output)
  }

  private valueOf(frame: FrameIn): In | undefined {
    try {
      return this.map.decode(frame)
    } catch (cause) {
      throw cause instanceof CodecError ? cause : malformedFrame('it can not be decoded', cause)
    }
  }
}

function checkCodec(codec: unknown): void {
  const { decode, encode } = checkObject(codec, 'codec') as Partial<Codec<unknown>>
  if (typeof decode !== 'function' || typeof encode !== 'function') {
    throw invalidArgType('codec', 'a codec, with the methods decode and encode', codec)
  }
}

function checkMap(map: unknown): void {
  const { decode, encode } = checkObject(map, 'map') as Partial<CodecMap<unknown, unknown, unknown, unknown>>
  if (typeof decode !== 'function') throw invalidArgType('map.decode', 'of type function', decode)
  if (typeof encode !== 'function') throw invalidArgType('map.encode', 'of type function', encode)
}
