// The client of a duel: ours or node:net's.
import { connect as connectNet, type Socket as NetSocket } from 'node:net'
import {
  type Connection,
  type ConnectTarget,
  connect,
  type Endpoint,
  type EventLoop,
} from '@pollux/framework'
import type { Duel } from './duel.js'
import { sometimeSoon, Talker } from './talker.js'

/** What the two makes of clients have in common. */
interface Client {
  write(data: Uint8Array | string, encoding?: BufferEncoding): boolean
  end(): void
  destroy(): void
  reset(): void
  pause(): void
  resume(): void
  readonly isOpen: boolean
  readonly copies: boolean
}

/** One attempt, up to the close; the error that it ended with. */
export function play(duel: Duel, target: ConnectTarget, loop: EventLoop, borrow: boolean): Promise<unknown> {
  return duel.clientIsOurs ? playOurs(duel, target, loop, borrow) : playNet(duel, target)
}

class Player {
  readonly talker: Talker

  constructor(
    private readonly duel: Duel,
    private readonly client: Client,
  ) {
    const { up, random, breakAt, ending } = duel
    const breaks = ending.startsWith('client')
    this.talker = new Talker(client, up, random.fork(), breaks ? breakAt : Number.POSITIVE_INFINITY, () => {
      if (!breaks) return client.end()
      duel.isBroken = true
      if (ending === 'client resets') client.reset()
      else client.destroy()
    })
    client.write(duel.begin())
  }

  data(chunk: Buffer) {
    const { duel, client } = this
    duel.atClient.take(chunk)
    if (!duel.random.chance(duel.clientPauses)) return
    client.pause()
    sometimeSoon(duel.random, () => client.resume())
  }
}

async function playOurs(
  duel: Duel,
  target: ConnectTarget,
  loop: EventLoop,
  borrow: boolean,
): Promise<unknown> {
  let closed: (error: unknown) => void
  const ended = new Promise<unknown>((resolve) => {
    closed = resolve
  })
  await connect<Player>(target, {
    loop,
    borrow,
    allowHalfOpen: true,
    highWaterMark: duel.random.pick([1, 5000, 256 * 1024]),
    state: (conn) => new Player(duel, ourClient(conn)),
    open: (conn) => conn.state.talker.go(),
    data: (conn, chunk) => conn.state.data(chunk),
    drain: (conn) => conn.state.talker.drained(),
    close(conn, error) {
      const { crossings, drains } = conn.state.talker
      if (drains > crossings || (duel.ending === 'clean' && conn.readyState !== 'closed')) {
        duel.problems.push(`client: ${drains} drains for ${crossings} crossings`)
      }
      closed(error)
    },
  })
  return ended
}

function ourClient(conn: Connection<never> | Connection<unknown>): Client {
  return {
    write: (data, encoding) => conn.write(data, encoding),
    end: () => conn.end(),
    destroy: () => conn.destroy(),
    reset: () => conn.reset(),
    pause: () => conn.pause(),
    resume: () => conn.resume(),
    copies: true,
    get isOpen() {
      return conn.readyState === 'open'
    },
  }
}

function playNet(duel: Duel, target: Endpoint): Promise<unknown> {
  const socket = connectNet({ ...target, allowHalfOpen: true })
  return new Promise((resolve) => {
    let failure: unknown
    socket.once('connect', () => {
      socket.setNoDelay?.(true)
      const player = new Player(duel, netClient(socket, duel.transport === 'unix'))
      socket.on('data', (chunk) => player.data(chunk))
      socket.on('drain', () => player.talker.drained())
      player.talker.go()
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.once('close', () => resolve(failure))
  })
}

function netClient(socket: NetSocket, isUnix: boolean): Client {
  return {
    write: (data, encoding) => socket.write(data as string, encoding),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
    reset: () => (isUnix ? socket.destroy() : socket.resetAndDestroy()),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    copies: false,
    get isOpen() {
      return socket.writable
    },
  }
}
