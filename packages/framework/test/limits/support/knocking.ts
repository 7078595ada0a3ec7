// Peers of a server with limits, and what it counts.
import type { Codec, Server } from '@pollux/framework'
import { expect } from 'vitest'
import { eventually, Peer } from '../../support/raw.js'

/** Each byte is a message. */
export const letters: Codec<string> = {
  maxFrameBytes: 16,
  decode: (input) => input.text(input.start, ++input.start),
  encode: (text, output) => output.text(text),
}

/** A peer that is let in, or undefined if it is reset, which it may notice while it connects. */
export async function knock(port: number, localAddress = '127.0.0.1'): Promise<Peer | undefined> {
  let peer: Peer
  try {
    peer = await Peer.connect({ host: '127.0.0.1', port, localAddress })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    return undefined
  }
  // Who is let in gets an echo.
  peer.socket.write('?')
  await eventually('an answer', () => peer.bytes.length > 0 || peer.isClosed || peer.isEnded)
  return peer.bytes.length > 0 ? peer : undefined
}

export const refusals = (server: Server<never> | Server) =>
  Object.fromEntries((server as Server).statistics.refused)
