// A scripted exchange of which every step is ours to break: the client sends a request in two pieces and ends its
// half, the server sends it back behind a welcome, and much more when it has heard the end; then both close.
import {
  type BackendName,
  type Connection,
  connect,
  type EventLoop,
  type ServerInit,
  SocketError,
} from '@pollux/framework'
import { expect } from 'vitest'
import { expectSameBytes, noise, patiently } from './raw.js'
import { loopOn, serverOf } from './serving.js'

const REQUEST = noise(60_000)
const WELCOME = Buffer.from('welcome')
const REPLY = noise(90_000)
const ANSWER = Buffer.concat([WELCOME, REQUEST, REPLY])

/** What one end of a connection was told, in order. */
export class Witness {
  readonly events: string[] = []
  readonly chunks: Buffer[] = []
  error: unknown

  note(event: string) {
    if (this.events.at(-1) !== event || event !== 'data') this.events.push(event)
  }

  /** A whole life, or one error, then one close, then nothing. */
  expectOrderly() {
    const { events } = this
    const counted = (name: string) => events.filter((event) => event === name).length
    expect(events.at(-1)).toBe('close')
    expect(counted('close')).toBe(1)
    expect(counted('open')).toBe(1)
    expect(counted('error')).toBe(this.error === undefined ? 0 : 1)
    if (this.error !== undefined) expect(events.at(-2)).toBe('error')
  }
}

export interface Exchange {
  /** Undefined if the connection was never made; then `refusal` says why. */
  client: Witness | undefined
  refusal: unknown
  /** Undefined if the server never saw it. */
  server: Witness | undefined
}

const MAX_PEERS = 8

/** Runs so many exchanges at once, each over a connection of its own. */
export class Script {
  readonly loop: EventLoop
  pauses = 0
  resumes = 0
  private readonly server
  private readonly seen = new Map<string, Witness>()
  private alive = 0
  private settled = () => {}

  constructor(backend: BackendName, borrow: boolean) {
    this.loop = loopOn(backend)
    const script = this
    const init: ServerInit<Witness> = {
      ...this.handlers(),
      borrow,
      state: () => {
        script.alive++
        return new Witness()
      },
      data(conn, chunk) {
        script.took(conn.state, chunk)
        // From two places, so that they leave by one sendmsg.
        if (conn.state.chunks.length === 1) conn.write(WELCOME)
        conn.write(chunk)
      },
      end(conn) {
        conn.state.note('end')
        conn.write(REPLY.subarray(0, 1000))
        conn.end(REPLY.subarray(1000))
      },
      close(conn, error) {
        script.closed(conn, error)
        script.alive--
        script.settled()
      },
      acceptPaused: () => {
        script.pauses++
      },
      acceptResumed: () => {
        script.resumes++
        script.settled()
      },
    }
    this.server = serverOf(init)
  }

  /** Small buffers, so that sending takes many steps. */
  async listen() {
    await this.server.listen({ host: '127.0.0.1', port: 0, sendBufferBytes: 8192, receiveBufferBytes: 8192 })
  }

  /** The ends of each connection, once all is over and the server accepts. */
  async run(exchanges: number): Promise<Exchange[]> {
    this.seen.clear()
    const done = Array.from({ length: Math.min(exchanges, MAX_PEERS) }, () => this.exchange())
    const results = await patiently(Promise.all(done), () => `exchanges to end: ${this.describe()}`)
    await patiently(this.quiet(), () => `the server to be quiet: ${this.describe()}`)
    return results.map(({ client, refusal, name }) => ({ client, refusal, server: this.seen.get(name) }))
  }

  private async exchange() {
    let closed = () => {}
    const ended = new Promise<void>((resolve) => {
      closed = resolve
    })
    let client: Witness | undefined
    let name = ''
    try {
      await connect<Witness>(this.target(), {
        ...this.handlers(),
        state() {
          client = new Witness()
          return client
        },
        open(conn) {
          conn.state.note('open')
          name = nameOf(conn.localAddress)
          conn.write(REQUEST.subarray(0, 100))
          conn.end(REQUEST.subarray(100))
        },
        close: (conn, error) => {
          this.closed(conn, error)
          closed()
        },
      })
    } catch (refusal) {
      return { client, refusal, name }
    }
    await ended
    return { client, refusal: undefined, name }
  }

  private target() {
    const { address } = this.server
    if (address === undefined || 'path' in address) throw new Error('the script has no listener left')
    return { ...address, sendBufferBytes: 8192, receiveBufferBytes: 8192 }
  }

  private handlers() {
    return {
      loop: this.loop,
      allowHalfOpen: true,
      open: (conn: Connection<Witness>) => {
        conn.state.note('open')
        this.seen.set(nameOf(conn.remoteAddress), conn.state)
      },
      data: (conn: Connection<Witness>, chunk: Buffer) => this.took(conn.state, chunk),
      end: (conn: Connection<Witness>) => conn.state.note('end'),
      error(conn: Connection<Witness>, error: unknown) {
        conn.state.note('error')
        conn.state.error = error
      },
    }
  }

  private took(witness: Witness, chunk: Buffer) {
    witness.note('data')
    witness.chunks.push(Buffer.from(chunk))
  }

  private closed(conn: Connection<Witness>, error: unknown) {
    conn.state.note('close')
    expect(error).toBe(conn.state.error)
  }

  private async quiet() {
    while (this.alive > 0 || this.pauses > this.resumes) {
      await new Promise<void>((resolve) => {
        this.settled = resolve
      })
    }
  }

  private describe(): string {
    return JSON.stringify({
      alive: this.alive,
      pauses: this.pauses,
      seen: [...this.seen.values()].map((w) => w.events),
    })
  }
}

function nameOf(address: unknown): string {
  return JSON.stringify(address)
}

/** Everything arrived, at both ends, and nobody heard of any trouble. */
export function expectWhole({ client, server, refusal }: Exchange) {
  expect(refusal).toBe(undefined)
  expect([client?.error, server?.error]).toEqual([undefined, undefined])
  expect(client?.events).toEqual(['open', 'data', 'end', 'close'])
  expect(server?.events).toEqual(['open', 'data', 'end', 'close'])
  expectSameBytes(Buffer.concat(server!.chunks), REQUEST)
  expectSameBytes(Buffer.concat(client!.chunks), ANSWER)
}

/** Whether the exchange came to nothing; what arrived of it is a part from the beginning, and the ends are orderly. */
export function isDamaged({ client, server, refusal }: Exchange): boolean {
  client?.expectOrderly()
  server?.expectOrderly()
  const up = Buffer.concat(server?.chunks ?? [])
  const down = Buffer.concat(client?.chunks ?? [])
  expectSameBytes(up, REQUEST.subarray(0, up.length))
  expectSameBytes(down, ANSWER.subarray(0, down.length))
  const isWhole = up.length === REQUEST.length && down.length === ANSWER.length
  return refusal !== undefined || client?.error !== undefined || server?.error !== undefined || !isWhole
}

/** Codes of the errors that anybody was told. */
export function errorCodes({ client, server, refusal }: Exchange): string[] {
  const errors = [refusal, client?.error, server?.error].filter((error) => error !== undefined)
  return errors.map((error) => (error instanceof SocketError ? error.code : String(error)))
}
