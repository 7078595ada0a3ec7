// What is sent comes back, byte for byte, over every kind of stream, in every size and way of writing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectTarget, connect, type ListenTarget } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { needs } from '../../native-poll/test/support/needs.js'
import {
  BACKENDS,
  eventually,
  expectSameBytes,
  KNOWS_LINUX,
  noise,
  Peer,
  patiently,
  temporaryFolder,
} from './support/raw.js'
import { echo, expectEcho, leaveNothingBehind, loopOn, serve } from './support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()
const MIB = 1024 * 1024

/** Tiny, so that each size below is past one of them. */
const SIZES = {
  sendSlabBytes: 8192,
  maxReadBytes: 5000,
  copyMaxBytes: 3000,
  slabBytes: 40_000,
  poolBytes: 9000,
}
const around = (...sizes: number[]) => sizes.flatMap((size) => [size - 1, size, size + 1])
/** Short strings, small copies, pooled and kept chunks, one receive, the send slab, direct writes. */
const THRESHOLDS = around(12, 170, 512, 2730, 3000, 5000, 8192, 40_000, 64 * 1024, 256 * 1024)

describe.each(BACKENDS)('an echo on %s', (backend) => {
  describe.each([{ borrow: false }, { borrow: true }])('%o', ({ borrow }) => {
    const serveEcho = (target?: ListenTarget, sizes = {}) =>
      serve({ ...echo, borrow, loop: loopOn(backend, sizes) }, target)

    const anywhere = [
      { over: 'IPv4', target: { host: '127.0.0.1', port: 0 }, from: { host: '127.0.0.1' } },
      { over: 'IPv6', target: { host: '::1', port: 0 }, from: { host: '::1' } },
      { over: 'IPv4 on a dual-stack socket', target: { port: 0 }, from: { host: '127.0.0.1' } },
      { over: 'IPv6 on a dual-stack socket', target: { port: 0 }, from: { host: '::1' } },
      { over: 'a Unix path', target: { path: join(folder, `${backend}-${borrow}`) }, from: {} },
    ]
    it.each(anywhere)('is exact over $over', async ({ target, from }) => {
      const { server } = await serveEcho(target)
      const { address } = server
      const to = address && 'path' in address ? { path: address.path } : { ...from, port: address!.port }
      const peer = await Peer.connect(to)
      await expectEcho(peer, Buffer.from('hello'))
      await expectEcho(peer, noise(3 * MIB))
      await peer.end()
      await peer.awaitEnd()
    })

    it(
      'is exact over an abstract name, as the kernel knows it',
      needs(KNOWS_LINUX, 'a build with the calls of Linux'),
      async () => {
        const name = `pollux-${process.pid}-${backend}-${borrow}`
        const { server } = await serveEcho({ path: `\0${name}` })
        expect(server.address).toEqual({ family: 'Unix', path: `\0${name}` })
        // node:net pads such names, and so can not be the peer.
        expect(readFileSync('/proc/net/unix', 'utf8')).toMatch(new RegExp(`@${name}$`, 'm'))
        const bytes = noise(100_000)
        const received = await exchange(
          { path: `\0${name}` },
          { backend, borrow, write: (conn) => conn.write(bytes) },
        )
        expectSameBytes(received, bytes)
      },
    )

    it('is exact for chunks around every threshold', async () => {
      const service = await serveEcho(undefined, SIZES)
      const peer = await service.connect()
      for (const size of THRESHOLDS) await expectEcho(peer, noise(size))
    })

    it('is exact for our client, writing bytes of every size without waiting', async () => {
      const { port } = await serveEcho(undefined, SIZES)
      const sent = THRESHOLDS.map(noise)
      const target = { host: '127.0.0.1', port }
      const received = await exchange(target, {
        backend,
        borrow,
        write: (conn) => sent.map((b) => conn.write(b)),
      })
      expectSameBytes(received, Buffer.concat(sent))
    })

    it('is exact for strings of every length in every encoding', async () => {
      const { port } = await serveEcho(undefined, SIZES)
      const alphabet = 'aé漢🎲'
      const lengths = [0, 1, 11, 12, 13, ...around(512, 2730, 8192, 21_845)]
      const encodings: (BufferEncoding | undefined)[] = [
        undefined,
        'utf8',
        'latin1',
        'utf16le',
        'ascii',
        'ucs2',
      ]
      const texts: [string, BufferEncoding | undefined][] = encodings
        .flatMap((encoding) =>
          lengths.flatMap((n) =>
            ['x'.repeat(n), alphabet.repeat(n).slice(0, n)].map((text) => [text, encoding] as const),
          ),
        )
        .map(([text, encoding]) => [text, encoding])
      texts.push(['00ff7f', 'hex'], ['+/+/', 'base64'], ['-_-_', 'base64url'])
      const target = { host: '127.0.0.1', port }
      const write = (conn: Writer) => texts.map(([text, encoding]) => conn.write(text, encoding))
      const received = await exchange(target, { backend, borrow, write })
      expectSameBytes(received, Buffer.concat(texts.map(([text, encoding]) => Buffer.from(text, encoding))))
    })

    it('leaves the bytes of `write` to the writer as soon as it returns', async () => {
      const { port } = await serveEcho()
      const sizes = around(512, 64 * 1024, 256 * 1024)
      const expected = sizes.map((size) => Buffer.alloc(size, size % 251))
      const write = (conn: Writer) => {
        for (const bytes of expected) {
          const mine = Buffer.from(bytes)
          conn.write(mine)
          mine.fill(0xee)
        }
      }
      const received = await exchange({ host: '127.0.0.1', port }, { backend, borrow, write })
      expectSameBytes(received, Buffer.concat(expected))
    })

    it('survives more writes in one turn than the submission ring holds, to many connections in turns', async () => {
      const loop = loopOn(backend, { submissionCapacity: 8, sendSlabBytes: 1024 })
      const conns: Writer[] = []
      const service = await serve({ loop, borrow, open: (conn) => conns.push(conn), data: () => {} })
      const peers = [await service.connect(), await service.connect(), await service.connect()]
      await eventually('three connections', () => conns.length === 3)
      const expected = conns.map((): Buffer[] => [])
      for (let i = 0; i < 200; ++i) {
        const to = (i * 7) % 3
        const bytes = noise(1 + ((i * 37) % 300))
        expected[to].push(bytes)
        conns[to].write(bytes)
      }
      const all = expected.map((each) => Buffer.concat(each))
      for (const peer of peers) {
        const wanted = all.map((each) => each.length)
        await peer.awaitBytes(Math.min(...wanted))
      }
      const order = await Promise.all(peers.map((peer) => matching(peer, all)))
      expect(order.sort()).toEqual([0, 1, 2])
    })
  })
})

interface Writer {
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean
}

/** What an echo server sends back to our client, which ends as soon as it has written. */
async function exchange(
  target: ConnectTarget,
  {
    backend,
    borrow,
    write,
  }: { backend: (typeof BACKENDS)[number]; borrow: boolean; write: (conn: Writer) => unknown },
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let closed: (error: unknown) => void
  const ended = new Promise<unknown>((resolve) => {
    closed = resolve
  })
  await connect(target, {
    loop: loopOn(backend),
    borrow,
    open(conn) {
      write(conn)
      conn.end()
    },
    data: (_conn, chunk) => chunks.push(Buffer.from(chunk)),
    close: (_conn, error) => closed(error),
  })
  expect(await patiently(ended, 'the connection to close')).toBe(undefined)
  return Buffer.concat(chunks)
}

/** Which of them the peer has, whole. */
async function matching(peer: Peer, all: Buffer[]): Promise<number> {
  const which = all.findIndex((each) => each.subarray(0, 20).equals(peer.bytes.subarray(0, 20)))
  await peer.expectBytes(all[which])
  return which
}
