// The other end of a connection: node:net, so that our own code is not its own witness.
import { createHash, randomBytes } from 'node:crypto'
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { expect } from 'vitest'
import { eventually, patiently } from './patience.js'

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
export const noise = (length: number) => randomBytes(length)

/** By hash: a failing comparison of megabytes prints two lines. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array) {
  expect([actual.length, sha256(actual)]).toEqual([expected.length, sha256(expected)])
}

const open = new Set<Socket | Server>()

/** Destroys all peers of the test that ended. */
export function closePeers() {
  for (const each of open) {
    if ('destroy' in each) each.destroy()
    else each.close()
  }
  open.clear()
}

export class Peer {
  private chunks: Buffer[] = []
  private length = 0
  /** Code of the error that it ended with, '' for none. */
  errorCode = ''
  isEnded = false
  isClosed = false

  constructor(readonly socket: Socket) {
    open.add(socket)
    // What a peer sends is there when its send is done, not when Nagle thinks so.
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.chunks.push(chunk)
      this.length += chunk.length
    })
    socket.on('end', () => {
      this.isEnded = true
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? error.message
    })
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  /** A connected peer that half-closes when told, never by itself. */
  static async connect(to: NetConnectOpts): Promise<Peer> {
    const socket = connect({ ...to, allowHalfOpen: true })
    const peer = new Peer(socket)
    await patiently(
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      }),
      'the peer to connect',
    )
    return peer
  }

  /** Resolves when the kernel has taken all of it. */
  send(bytes: Uint8Array | string): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
    return patiently(sent, 'the kernel to take what the peer sends')
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  async awaitBytes(length: number): Promise<Buffer> {
    await this.awaitLength(length)
    return this.bytes
  }

  /** Resolves when so much has come, without a copy of it. */
  async awaitLength(length: number): Promise<void> {
    if (this.length >= length) return
    let arrived = () => {}
    const enough = new Promise<void>((resolve) => {
      arrived = () => this.length >= length && resolve()
      this.socket.on('data', arrived)
    })
    await patiently(enough, () => `${length} bytes at the peer, which has ${this.length}`)
    this.socket.off('data', arrived)
  }

  /** All that came, once exactly `expected` did and nothing else so far. */
  async expectBytes(expected: Uint8Array | string) {
    const wanted = Buffer.from(expected)
    expectSameBytes(await this.awaitBytes(wanted.length), wanted)
  }

  awaitEnd(): Promise<void> {
    return this.isEnded ? Promise.resolve() : this.once('end')
  }

  awaitClosed(): Promise<void> {
    return this.isClosed ? Promise.resolve() : this.once('close')
  }

  /** Told by the other side that this is over, in whichever way. */
  async awaitClosedOrEnded(): Promise<void> {
    if (!this.isEnded && !this.isClosed) await Promise.race([this.awaitEnd(), this.awaitClosed()])
  }

  private once(event: string): Promise<void> {
    const happened = new Promise<void>((resolve) => this.socket.once(event, () => resolve()))
    return patiently(happened, `${event} at the peer`)
  }

  /** Shuts its sending half down; resolves when the kernel knows. */
  end(): Promise<void> {
    return patiently(new Promise<void>((resolve) => this.socket.end(resolve)), "the peer's shutdown")
  }

  /** Closes with a reset (TCP). */
  reset() {
    this.socket.resetAndDestroy()
    return this.awaitClosed()
  }
}

/** A node:net server for the reactor to connect to; its connections as peers, in order. */
export async function listeningPeer(at: { host?: string; port?: number; path?: string }) {
  const accepted: Peer[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(new Peer(socket)))
  open.add(server)
  await patiently(new Promise<void>((resolve) => server.listen(at, resolve)), 'the peer to listen')
  const address = server.address()
  return {
    server,
    port: typeof address === 'object' && address ? address.port : 0,
    awaitPeer: async (nth = 1) => {
      await eventually(`connection ${nth} at the peer`, () => accepted.length >= nth)
      return accepted[nth - 1]
    },
  }
}
