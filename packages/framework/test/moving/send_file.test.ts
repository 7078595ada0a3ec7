// conn.sendFile(): in its place among the writes, and clear about what can not be sent.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AnyConnection, Connection, Filter } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import {
  BACKENDS,
  eventually,
  expectSameBytes,
  noise,
  type Peer,
  patiently,
  temporaryFolder,
} from '../support/raw.js'
import { leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()
let files = 0

function fileOf(bytes: Uint8Array | string): string {
  const path = join(folder, `file-${files++}`)
  writeFileSync(path, bytes)
  return path
}

const MUCH = 8 << 20

const failure = async (promise: Promise<unknown>) => {
  try {
    return `no error but ${await patiently(promise, 'the file to be sent')}`
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return `${code}: ${message}`
  }
}

describe.each(BACKENDS)('sendFile on %s', (backend) => {
  it('sends a path, a URL, a descriptor and a FileHandle', async () => {
    const { conn, peer } = await connected()
    const path = fileOf('content')
    const fd = openSync(path, 'r')
    const handle = await open(path)
    const all = Promise.all([path, pathToFileURL(path), fd, handle].map((source) => conn.sendFile(source)))
    closeSync(fd)
    await handle.close()
    expect(await all).toEqual([7, 7, 7, 7])
    await peer.expectBytes('content'.repeat(4))
  })

  it('rejects a descriptor that can not be read, and nothing has happened', async () => {
    const { conn, peer } = await connected()
    const path = fileOf('content')
    const fd = openSync(path, 'a')
    expect(await failure(conn.sendFile(fd))).toContain('EBADF')
    closeSync(fd)
    expect(await conn.sendFile(path)).toBe(7)
    await peer.expectBytes('content')
  })

  it('sends a part', async () => {
    const { conn, peer } = await connected()
    const path = fileOf('0123456789')
    expect(await conn.sendFile(path, { start: 2, end: 5 })).toBe(3)
    expect(await conn.sendFile(path, { start: 8 })).toBe(2)
    expect(await conn.sendFile(path, { end: 1 })).toBe(1)
    expect(await conn.sendFile(path, { start: 10 })).toBe(0)
    await peer.expectBytes('234890')
  })

  it('keeps its place among the writes, and before the end', async () => {
    const { conn, peer } = await connected()
    const [head, file, tail] = [noise(1000), noise(MUCH), noise(100_000)]
    conn.write(head)
    const sent = conn.sendFile(fileOf(file))
    conn.write(tail)
    conn.end()
    await peer.expectBytes(Buffer.concat([head, file, tail]))
    await peer.awaitEnd()
    expect(await sent).toBe(MUCH)
  })

  it('waits for a peer that does not read, with no memory but for what follows', async () => {
    const { conn, peer } = await connected()
    peer.socket.pause()
    const file = noise(4 * MUCH)
    const sent = conn.sendFile(fileOf(file))
    conn.write('behind')
    expect(conn.queuedBytes).toBe(6)
    peer.socket.resume()
    await peer.expectBytes(Buffer.concat([file, Buffer.from('behind')]))
    expect(await sent).toBe(4 * MUCH)
  })

  it('goes on with the file that it opened, whatever takes its name', async () => {
    const { conn, peer } = await connected()
    peer.socket.pause()
    const bytes = noise(MUCH)
    const path = fileOf(bytes)
    const sent = conn.sendFile(path)
    renameSync(fileOf('another'), path)
    peer.socket.resume()
    await peer.expectBytes(bytes)
    await sent
  })

  it('of a file that becomes shorter resets the connection', async () => {
    const { conn, peer, closed } = await connected()
    peer.socket.pause()
    const path = fileOf(noise(4 * MUCH))
    const sent = conn.sendFile(path)
    truncateSync(path, 1000)
    peer.socket.resume()
    await expect(patiently(sent, 'the failure')).rejects.toMatchObject({
      code: 'ERR_POLLUX_CLOSED',
      cause: { code: 'ERR_POLLUX_FILE_CHANGED' },
    })
    await peer.awaitClosedOrEnded()
    expect(peer.bytes.length).toBeLessThan(4 * MUCH)
    await closed
    expect(conn.closeReason).toBe('file_changed')
  })

  it.each([
    ['destroy', (conn: Connection) => conn.destroy()],
    ['a reset of the peer', (_: Connection, peer: Peer) => peer.reset()],
  ])('is broken by %s', async (_, act) => {
    const { conn, peer } = await connected()
    peer.socket.pause()
    const sent = [conn.sendFile(fileOf(noise(4 * MUCH))), conn.sendFile(fileOf('next'))].map(failure)
    await act(conn, peer)
    for (const each of await Promise.all(sent)) expect(each).toMatch(/^ERR_POLLUX_CLOSED/)
  })

  it('says what is wrong with a file, and the connection goes on', async () => {
    const { conn, peer } = await connected()
    const path = fileOf('0123456789')
    const fifo = join(folder, `fifo-${files++}`)
    mkdirSync(`${path}-folder`)
    spawnSync('mkfifo', [fifo])
    expect(await failure(conn.sendFile(`${path}-missing`))).toMatch(/^ENOENT: .*missing/)
    expect(await failure(conn.sendFile(`${path}-folder`))).toMatch(/^ERR_INVALID_ARG_VALUE: .*a directory/)
    expect(await failure(conn.sendFile(fifo))).toMatch(/^ERR_INVALID_ARG_VALUE: .*no regular file/)
    expect(await failure(conn.sendFile(1 << 20))).toMatch(/^EBADF/)
    expect(await failure(conn.sendFile(path, { end: 11 }))).toMatch(
      /^ERR_OUT_OF_RANGE: .*options.end.*at most 10/,
    )
    expect(await failure(conn.sendFile(path, { start: 4, end: 3 }))).toMatch(
      /^ERR_OUT_OF_RANGE: .*options.start/,
    )
    expect(await failure(conn.sendFile(path, { start: -1 }))).toMatch(/^ERR_OUT_OF_RANGE/)
    expect(await failure(conn.sendFile(path, { start: '1' as never }))).toMatch(/^ERR_INVALID_ARG_TYPE/)
    expect(await failure(conn.sendFile({} as never))).toMatch(/^ERR_INVALID_ARG_TYPE/)
    conn.write('goes on')
    await peer.expectBytes('goes on')
    conn.end()
    expect(await failure(conn.sendFile(path))).toMatch(/^ERR_POLLUX_CLOSED/)
  })

  it('through a filter keeps its place, too', async () => {
    const { conn, peer } = await connected()
    conn.filter = new PassOn(conn)
    const parts = [noise(1000), noise(MUCH), noise(1000), noise(500_000), noise(10)]
    conn.write(parts[0])
    const sent = [conn.sendFile(fileOf(parts[1]))]
    conn.write(parts[2])
    sent.push(conn.sendFile(fileOf(parts[3])))
    conn.write(parts[4])
    conn.end()
    await peer.awaitEnd()
    expectSameBytes(peer.bytes, Buffer.concat(parts))
    expect(await Promise.all(sent)).toEqual([MUCH, 500_000])
    expect(conn.filter).toBeInstanceOf(PassOn)
  })

  it('through a filter is broken by the close', async () => {
    const { conn, peer } = await connected()
    conn.filter = new PassOn(conn)
    peer.socket.pause()
    const sent = failure(conn.sendFile(fileOf(noise(4 * MUCH))))
    await eventually('a queue', () => conn.queuedBytes > 0)
    conn.destroy()
    expect(await sent).toMatch(/^ERR_POLLUX_CLOSED/)
  })

  async function connected() {
    const conn = promised<Connection>()
    const closed = promised()
    const service = await serve({
      loop: loopOn(backend),
      open: (opened) => conn.resolve(opened),
      close: () => closed.resolve(),
    })
    const peer = await service.connect()
    return { peer, conn: await conn.promise, closed: closed.promise }
  }
})

/** A filter that changes nothing. */
class PassOn implements Filter {
  readonly queuedBytes = 0

  constructor(private readonly connection: AnyConnection) {}

  received(chunk: Buffer) {
    this.connection.deliver(chunk)
  }

  peerEnded() {
    this.connection.deliverEnd()
  }

  write(bytes: Uint8Array) {
    this.connection.rawWrite(bytes)
  }

  end() {
    this.connection.rawEnd()
  }

  drained() {
    this.connection.deliverDrain()
  }

  closed() {}
}
