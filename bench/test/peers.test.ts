// Every peer of the comparison that is on this machine answers as it should, in all that it serves.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores } from '../src/cores.js'
import { BUILD_DIR } from '../src/paths.js'
import { listComparisonPeers } from '../src/peers/comparison.js'
import { type ComparisonPeer, type Protocol, preparePeers, serving } from '../src/peers/comparison-peer.js'
import { Server } from '../src/server.js'

const isLinux = process.platform === 'linux'
const CORE = allowedCores()[0] as number
const CONNECTIONS = 200
const MESSAGE_BYTES = 100
const folder = mkdtempSync(join(tmpdir(), 'peers-'))

// The other tests of the repository may keep every core busy at the same time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

beforeAll(() => compilePrograms())
afterAll(() => rmSync(folder, { recursive: true }))

type Place = { host: string; port: number } | { path: string }

/** Not a period that a buffer's size divides. */
function pattern(length: number, start: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (start + i) % 251))
}

/** Sends all in pieces, ends its side, and reads until the server ends too. */
async function exchange(place: Place, pieces: readonly Buffer[]): Promise<Buffer> {
  const socket = connect({ ...place, allowHalfOpen: true })
  const received: Buffer[] = []
  socket.on('data', (data) => received.push(data))
  const closed = once(socket, 'close')
  for (const piece of pieces) if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed])
  socket.end()
  await closed
  return Buffer.concat(received)
}

function inPieces(bytes: Buffer, length: number): Buffer[] {
  const count = Math.ceil(bytes.length / length)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * length, (i + 1) * length))
}

/** Sends all and ends its side before it reads anything: the answer is still on its way when the server learns of the end. */
async function exchangeLate(place: Place, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ ...place, allowHalfOpen: true })
  socket.pause()
  const received: Buffer[] = []
  socket.on('data', (data) => received.push(data))
  const closed = once(socket, 'close')
  // As much as the kernel takes for a peer that does not read.
  socket.end(bytes)
  await once(socket, 'finish')
  socket.resume()
  await closed
  return Buffer.concat(received)
}

async function expectEcho(place: Place): Promise<void> {
  const large = pattern(1 << 20, 7)
  // At once, and in pieces that are no buffer's size.
  for (const length of [large.length, 10_007]) {
    expect((await exchange(place, inPieces(large, length))).equals(large)).toBe(true)
  }
  const late = pattern(128 << 10, 3)
  expect((await exchangeLate(place, late)).equals(late), 'half-closed').toBe(true)
  const echoes = Array.from({ length: CONNECTIONS }, async (_, i) => {
    const sent = pattern(3000, i)
    return (await exchange(place, inPieces(sent, 700))).equals(sent)
  })
  expect(await Promise.all(echoes)).toEqual(Array(CONNECTIONS).fill(true))
}

async function expectDatagrams(place: Place): Promise<void> {
  const { host, port } = place as { host: string; port: number }
  const socket = createSocket('udp4')
  for (const size of [1, 1200, 9000]) {
    const sent = pattern(size, size)
    const answered = once(socket, 'message')
    socket.send(sent, port, host)
    const [received] = (await answered) as [Buffer]
    expect(received.equals(sent)).toBe(true)
  }
  socket.close()
}

/** Reads until that many bytes are there, or `isEnough` says so. */
async function read(socket: Socket, isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (!isEnough(bytes)) {
    const [more] = (await once(socket, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, more])
  }
  return bytes
}

/** Two requests at once on each of many connections, which stay open. */
async function expectHello(place: Place): Promise<void> {
  const request = 'GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const hellos = (bytes: Buffer) =>
    bytes.toString('latin1').match(/^HTTP\/1\.1 200 [\s\S]*?\r\n\r\nhello/gm)?.length ?? 0
  const ask = async () => {
    const socket = connect(place)
    socket.write(request + request)
    await read(socket, (bytes) => /hello[\s\S]*\r\n\r\nhello$/.test(bytes.toString('latin1')))
    socket.write(request)
    const last = await read(socket, (bytes) => bytes.toString('latin1').endsWith('\r\n\r\nhello'))
    socket.destroy()
    return hellos(last)
  }
  expect(await Promise.all(Array.from({ length: CONNECTIONS }, ask))).toEqual(Array(CONNECTIONS).fill(1))
}

/** What is set is there for another connection. */
async function expectStored(
  place: Place,
  set: string,
  stored: string,
  get: string,
  found: string,
): Promise<void> {
  for (const [command, reply] of [
    [set, stored],
    [get, found],
  ] as const) {
    const socket = connect(place)
    socket.write(command)
    const bytes = await read(socket, ({ length }) => length >= reply.length)
    expect(bytes.toString()).toBe(reply)
    socket.destroy()
  }
}

/** Everybody gets what one sends, once; in two pieces it is still one message. */
async function expectFanout(place: Place): Promise<void> {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(place))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const first = sockets[0] as Socket
  const sent = pattern(3 * MESSAGE_BYTES, 1)
  // Who was accepted is known when a message has come to all; until then some may miss one.
  const counts = sockets.map(() => 0)
  sockets.forEach((socket, i) => {
    socket.on('data', ({ length }) => {
      counts[i] = (counts[i] as number) + length
    })
  })
  let rounds = 0
  while (counts.includes(0)) {
    rounds++
    first.write(pattern(MESSAGE_BYTES, rounds))
    await vi.waitUntil(() => (counts[0] as number) >= rounds * MESSAGE_BYTES, {
      timeout: 20_000,
      interval: 1,
    })
  }
  const settled = () => counts.every((count) => count % MESSAGE_BYTES === 0)
  await vi.waitUntil(settled, { timeout: 20_000, interval: 1 })
  const all = sockets.map((socket) =>
    read(socket, (bytes) => bytes.subarray(-MESSAGE_BYTES).equals(sent.subarray(-MESSAGE_BYTES))),
  )
  first.write(sent.subarray(0, 150))
  first.write(sent.subarray(150))
  for (const bytes of await Promise.all(all)) expect(bytes.subarray(-sent.length).equals(sent)).toBe(true)
  for (const socket of sockets) socket.destroy()
}

const EXPECT: Record<Protocol, (place: Place) => Promise<void>> = {
  tcp: expectEcho,
  unix: expectEcho,
  udp: expectDatagrams,
  http: expectHello,
  resp: (place) => expectStored(place, 'SET key value\r\n', '+OK\r\n', 'GET key\r\n', '$5\r\nvalue\r\n'),
  memcache: (place) =>
    expectStored(
      place,
      'set key 0 0 5\r\nvalue\r\n',
      'STORED\r\n',
      'get key\r\n',
      'VALUE key 0 5\r\nvalue\r\nEND\r\n',
    ),
  fanout: expectFanout,
}

/** Compiling these takes longer than a test should: `npm run bench -- --setup` does it. */
const SLOW_TO_BUILD: Record<string, string> = { go: 'go-peer', tokio: 'tokio/release/tokio-peer' }

function whyNot(peer: ComparisonPeer): string | undefined {
  // Whether a container lets it have a ring is known when it is compiled.
  if (peer.name === 'c-io-uring' && peer.missing() === undefined) peer.build?.()
  const slow = SLOW_TO_BUILD[peer.name]
  const isBuilt = slow === undefined || existsSync(join(BUILD_DIR, slow))
  return peer.missing() ?? (isBuilt ? undefined : 'it is not compiled yet: npm run bench -- --setup')
}

const peers = listComparisonPeers()

describe('the peers of the comparison', needs(isLinux, 'Linux'), () => {
  it('have names of their own', () => {
    expect(new Set(peers.map(({ name }) => name)).size).toBe(peers.length)
  })

  it('say how to get what is missing', () => {
    for (const peer of peers) {
      expect(peer.missing() ?? 'npm run', peer.name).toMatch(
        /apt-get install|npm (run|install)|sysctl|container/,
      )
    }
  })

  it('stay out with a reason, where they cannot be built', () => {
    const base = peers[0] as ComparisonPeer
    const broken = (more: Partial<ComparisonPeer>): ComparisonPeer => ({
      ...base,
      missing: () => undefined,
      ...more,
    })
    const failing = broken({
      name: 'failing',
      build() {
        throw new Error('no luck')
      },
    })
    const { ready, skipped } = preparePeers([
      broken({ name: 'fine' }),
      broken({ name: 'gone', missing: () => 'it is gone' }),
      failing,
    ])
    expect(ready.map(({ name }) => name)).toEqual(['fine'])
    expect(skipped).toEqual([
      { peer: 'gone', why: 'it is gone' },
      { peer: 'failing', why: 'no luck' },
    ])
  })
})

describe.each(peers.map((peer) => [peer.name, peer] as const))(
  '%s',
  needs(isLinux, 'Linux'),
  (name, peer) => {
    const why = isLinux ? whyNot(peer) : undefined
    if (why !== undefined) {
      it('is not tested', ({ skip }) => skip(why))
      return
    }
    let server: Server | undefined

    beforeAll(() => peer.build?.())
    afterEach(async () => {
      await server?.stop()
    })

    it.each(peer.serves.map((protocol) => [protocol] as const))('serves %s', async (protocol) => {
      const more = protocol === 'fanout' ? ['--size', String(MESSAGE_BYTES)] : []
      const path = join(folder, `${name}.sock`)
      const where = protocol === 'unix' ? ['--unix', path] : undefined
      server = await Server.start(serving(peer, protocol), CORE, more, [], where)
      const [host = '', port] = server.target.split(':')
      await EXPECT[protocol](where ? { path } : { host, port: Number(port) })
      if (protocol !== 'udp') await server.expectConnectionsClosed()
      expect(await server.stop(), 'it ends on SIGTERM').toBe(true)
      expect(existsSync(path), 'it removes its path').toBe(false)
    })

    it('says its version', () => {
      expect(peer.version()).toMatch(/\d+\.\d+/)
    })
  },
)
