// Many clients of one echo at once, with rings and slabs far too small and handlers that do whatever they may. The
// clients bring a flow control of their own, so that every loss would be ours.
import { type BackendName, DatagramChannel, type EventLoopOptions } from '@pollux/core'
import { expect } from 'vitest'
import { noise } from '../../../../native-poll/test/support/peer.js'
import type { Random } from '../../../../native-poll/test/support/random.js'
import { HERE, loopOn, portOf, UdpPeer } from './datagrams.js'

const CLIENTS = 8
const DATAGRAMS = 120
/** So many of each client are on their way; with 3,000 bytes at most, the kernel's buffers hold all of them. */
const WINDOW = 6
const MOST_BYTES = 3000

export async function hammer(backend: BackendName, random: Random): Promise<void> {
  const sizes: EventLoopOptions = {
    eventCapacity: random.pick([1, 3, 4096]),
    submissionCapacity: random.pick([1, 7, 4096]),
    sendSlabBytes: random.pick([1024, 10_000, 256 * 1024]),
    maxReadBytes: 1024,
    slabBytes: random.pick([8192 + 4096, 40_000, 4 << 20]),
    maxRounds: random.pick([1, 3, 64]),
    maxTurnUs: random.pick([1, 2000]),
  }
  let handled = 0
  const echo = (channel: DatagramChannel, data: Buffer) => {
    handled++
    const copy = Buffer.from(data)
    if (random.below(10) === 0) pauseForAMoment(channel, random)
    if (random.below(10) === 0) channel.loop.submissions.flush()
    switch (random.below(4)) {
      case 0:
        channel.reply(copy)
        break
      case 1:
        channel.sendTo(data, channel.copySender())
        break
      case 2: {
        const sender = channel.copySender()
        setImmediate(() => channel.sendTo(copy, sender))
        break
      }
      default:
        channel.reply()
    }
    if (random.below(20) === 0) throw new Error('as some handlers do')
  }
  const channel = DatagramChannel.open(
    {
      loop: loopOn(backend, sizes),
      bind: HERE,
      maxDatagramBytes: MOST_BYTES,
      maxQueuedBytes: 1 << 24,
      receiveBufferBytes: 1 << 20,
      gro: random.below(2) === 0,
      gso: random.below(2) === 0,
    },
    { datagram: echo, error: (_, error) => expect(String(error)).toContain('as some handlers do') },
  )
  const port = portOf(channel)
  const peers = await Promise.all(Array.from({ length: CLIENTS }, () => UdpPeer.bind()))
  // Answers that handlers send later may overtake others: what came is compared with what was sent, sorted.
  await Promise.all(
    peers.map(async (peer) => {
      const own: string[] = []
      for (let done = 0; done < DATAGRAMS; done += WINDOW) {
        for (let i = 0; i < WINDOW; i++) {
          const bytes = noise(random.pick([0, 1, 64, 512, 513, 1200, MOST_BYTES]))
          own.push(bytes.toString('base64'))
          await peer.send(bytes, port)
        }
        await peer.awaitCount(done + WINDOW)
      }
      expect(peer.received.map((bytes) => bytes.toString('base64')).sort()).toEqual(own.sort())
    }),
  )
  expect(handled).toBe(CLIENTS * DATAGRAMS)
  expect(channel.statistics()).toMatchObject({ received: handled, sent: handled, dropped: 0, truncated: 0 })
  channel.close()
}

function pauseForAMoment(channel: DatagramChannel, random: Random): void {
  channel.pause()
  let left = random.below(4)
  const wait = () => {
    if (left-- > 0) setImmediate(wait)
    else channel.resume()
  }
  setImmediate(wait)
}
