// Many connections that do everything at once, checked byte for byte at both ends.
import type { BackendName } from '@pollux/native-poll'
import { expect } from 'vitest'
import { iteration } from './patience.js'
import { expectSameBytes, noise, Peer } from './peer.js'
import type { Random } from './random.js'
import { constants, type RawReactor } from './raw_reactor.js'
import { serveTcp } from './server.js'

export const CONNECTIONS = 25
const MOST_BYTES = 200_000

/** An echo server with rings, slabs and kernel buffers far too small, and peers that give it no rest. */
export async function hammer(backend: BackendName, random: Random) {
  const maxReadBytes = random.pick([100, 1000, 10_000])
  const server = serveTcp(backend, {
    borrow: random.pick([true, false]),
    // Not SO_RCVBUF too: a window below the loopback's segment size is filled by probes, at some kB a second.
    options: [[constants.SOL_SOCKET, constants.SO_SNDBUF, 4096]],
    sizes: {
      eventRecords: random.pick([1, 3, 64]),
      submissionRecords: random.pick([8, 64]),
      maxReadBytes,
      receiveBytes: maxReadBytes * random.pick([1, 3, 7]) + random.below(50),
      copyMaxBytes: random.pick([0, 64, maxReadBytes]),
      poolBytes: maxReadBytes + random.below(200),
      rows: 8,
      acceptBudget: random.pick([1, 3]),
      maxRounds: random.pick([1, 2, 16]),
      maxTurnUs: random.pick([1, 100, 5000]),
    },
  })
  const { reactor, host, port } = server
  reactor.handler = (event) => {
    reactor.echo(event)
    if (!event.name.startsWith('DATA')) return
    if (random.below(8) === 0) pauseForAMoment(reactor, event.socket, random)
    if (random.below(8) === 0) reactor.native.submit()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, () => speak(host, port, random)))
  await reactor.until('every socket to be closed', () => reactor.counter('openSockets') === 1)
  expect(reactor.log.filter(({ name }) => name === 'ERROR')).toEqual([])
  expect(reactor.counter('backlogBytes')).toBe(0)
  expect(reactor.counter('accepted')).toBe(CONNECTIONS)
  expect(reactor.counter('bytesRead')).toBe(reactor.counter('bytesWritten'))
  expect(reactor.counter('rejectedSubmissions')).toBe(0)
}

/** One peer's life: it writes pieces of all sizes, stops reading now and then, and compares what comes back. */
async function speak(host: string, port: number, random: Random) {
  const peer = await Peer.connect({ host, port })
  const bytes = noise(random.below(MOST_BYTES))
  for (let sent = 0; sent < bytes.length; ) {
    const length = 1 + random.below(random.pick([10, 1000, 50_000]))
    // Not awaited: the kernel may take it only when we read again.
    peer.socket.write(bytes.subarray(sent, sent + length))
    sent += length
    if (random.below(4) === 0) peer.socket.pause()
    for (let i = random.below(4); i > 0; --i) await iteration()
    peer.socket.resume()
  }
  const ended = peer.end()
  await peer.awaitEnd()
  await ended
  expectSameBytes(peer.bytes, bytes)
}

/** Resumed from outside a turn, some iterations later. */
async function pauseForAMoment(reactor: RawReactor, socket: number, random: Random) {
  reactor.submit('PAUSE', socket)
  for (let i = random.below(5); i >= 0; --i) await iteration()
  reactor.submit('RESUME', socket)
}
