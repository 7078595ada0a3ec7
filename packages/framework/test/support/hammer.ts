// The hammer: hundreds of connections at once that do whatever a seed says, each checked byte by byte at both ends.
import { join } from 'node:path'
import type {
  BackendName,
  Connection,
  ConnectTarget,
  EventLoop,
  EventLoopOptions,
  ServerInit,
} from '@pollux/framework'
import { Duel, HEADER_BYTES, type Transport } from './duel.js'
import { play } from './hammer_client.js'
import { Random } from './random.js'
import { patiently } from './raw.js'
import { loopOn, portOf, serverOf } from './serving.js'
import { sometimeSoon, Talker } from './talker.js'

export interface Hammering {
  backend: BackendName
  borrow: boolean
  seed: number
  folder: string
  connections: number
  /** How many of them at a time. */
  atOnce: number
  /** Called now and then; connections may be shed if it is there. */
  disturb?: (random: Random) => void
}

/** What the server knows of a connection. */
class Referee {
  duel: Duel | undefined
  talker: Talker | undefined
  closes = 0
  private header = Buffer.alloc(0)
  private readonly kept: Buffer[] = []
  private isSending = false
  private peerEnded = false

  constructor(private readonly conn: Connection<Referee>) {}

  /** The client's first bytes say who it is; undefined if the chunk was not more than that. */
  meet(chunk: Buffer, duels: Duel[]): Buffer | undefined {
    const missing = HEADER_BYTES - this.header.length
    this.header = Buffer.concat([this.header, chunk.subarray(0, missing)])
    if (this.header.length < HEADER_BYTES) return undefined
    const duel = duels[this.header.readUInt32LE(0)]
    if (duel.attempt !== this.header.readUInt32LE(4)) duel.problems.push('server: not the present attempt')
    duel.isMet = true
    this.duel = duel
    if (duel.answer === 'own') this.talkItself(duel)
    if (duel.ending.startsWith('server') && duel.breakAt === 0) this.breakOff(duel)
    return chunk.length > missing ? chunk.subarray(missing) : undefined
  }

  data(duel: Duel, chunk: Buffer, borrow: boolean) {
    const { conn } = this
    duel.atServer.take(chunk)
    if (duel.ending.startsWith('server') && duel.atServer.received >= duel.breakAt) return this.breakOff(duel)
    if (duel.answer === 'echo') {
      if (!conn.write(chunk)) conn.pause()
    } else if (duel.answer === 'later') {
      this.kept.push(borrow ? Buffer.from(chunk) : chunk)
      this.sendSoon(duel)
    }
    if (!conn.isPaused && duel.random.chance(duel.serverPauses)) {
      conn.pause()
      sometimeSoon(duel.random, () => conn.resume())
    }
  }

  end() {
    this.peerEnded = true
    const { duel } = this
    if (duel === undefined || duel.answer === 'echo' || (duel.answer === 'later' && this.kept.length === 0)) {
      this.conn.end()
    }
  }

  drain() {
    this.conn.resume()
    this.talker?.drained()
  }

  private breakOff(duel: Duel) {
    duel.isBroken = true
    if (duel.ending === 'server resets') this.conn.reset()
    else this.conn.destroy()
  }

  private talkItself(duel: Duel) {
    const { conn } = this
    const outlet = {
      write: (data: Uint8Array | string, encoding?: BufferEncoding) => conn.write(data, encoding),
      copies: true,
      get isOpen() {
        return conn.readyState === 'open'
      },
    }
    this.talker = new Talker(outlet, duel.down, duel.random.fork(), Number.POSITIVE_INFINITY, () =>
      conn.end(),
    )
    this.talker.go()
  }

  /** Chunks that were kept leave in their order, after other events and timers. */
  private sendSoon(duel: Duel) {
    if (this.isSending) return
    this.isSending = true
    sometimeSoon(duel.random, () => {
      this.isSending = false
      const chunk = this.kept.shift()
      if (chunk !== undefined) this.conn.write(chunk)
      if (this.kept.length > 0) this.sendSoon(duel)
      else if (this.peerEnded) this.conn.end()
    })
  }
}

/** Everything that went wrong, in words; nothing if all is well. */
export async function hammer(hammering: Hammering): Promise<string[]> {
  const { backend, borrow, seed, connections, disturb } = hammering
  const random = new Random(seed)
  const loop = loopOn(backend, randomSizes(random))
  const duels = Array.from({ length: connections }, (_, number) => new Duel(number, seed))
  const problems: string[] = []
  const init: ServerInit<Referee> = {
    loop,
    borrow,
    allowHalfOpen: true,
    highWaterMark: random.pick([1, 1000, 64 * 1024, 256 * 1024]),
    state: (conn) => new Referee(conn as Connection<Referee>),
    data({ state }, chunk) {
      if (disturb && random.chance(0.05)) disturb(random)
      if (state.duel !== undefined) return state.data(state.duel, chunk, borrow)
      const rest = state.meet(chunk, duels)
      if (rest !== undefined) state.data(state.duel!, rest, borrow)
    },
    end: ({ state }) => state.end(),
    drain: ({ state }) => state.drain(),
    close(conn, error) {
      const { state } = conn
      if (++state.closes > 1) problems.push(`${state.duel}: closed twice`)
      if (state.duel === undefined) return
      checkTotals(conn, state.duel)
      state.duel.closedAtServer(error)
    },
    acceptPaused() {},
  }
  const targets = await listenEverywhere(init, hammering)
  disturb?.(random)
  const waiting = [...duels]
  const player = async () => {
    for (let duel = waiting.pop(); duel !== undefined; duel = waiting.pop()) {
      await patiently(fight(duel, targets.of(duel), loop, hammering), () => `${duel}, seed ${seed}`)
      problems.push(...duel.verdict())
    }
  }
  await Promise.all(Array.from({ length: hammering.atOnce }, player))
  await Promise.all(targets.servers.map((server) => server.close()))
  const left = loop.counter('openSockets')
  if (left !== 0) problems.push(`${left} sockets are still open`)
  if (loop.counter('backlogBytes') !== 0)
    problems.push(`${loop.counter('backlogBytes')} bytes are still queued`)
  return problems
}

/** Until the server has met the client: one that sheds connections makes it try again. */
async function fight(duel: Duel, target: ConnectTarget, loop: EventLoop, hammering: Hammering) {
  for (;;) {
    const error = await play(duel, target, loop, hammering.borrow)
    if (duel.isMet) {
      await duel.serverIsDone
      if (error !== undefined && !duel.isBroken) duel.problems.push(`client: ${error}`)
      return
    }
    if (duel.isBroken) return
    if (hammering.disturb === undefined) {
      duel.problems.push(`client: closed before it was met, ${error}`)
      return
    }
  }
}

function checkTotals(conn: Connection<Referee>, duel: Duel) {
  const { bytesRead, bytesWritten, queuedBytes } = conn
  const received = HEADER_BYTES + duel.atServer.received
  // What came with or after the break is counted, but not looked at.
  if (bytesRead < received || (duel.ending === 'clean' && bytesRead !== received)) {
    duel.problems.push(`server: bytesRead ${bytesRead}, but ${received} were seen`)
  }
  if (duel.ending === 'clean' && (bytesWritten !== duel.down.length || queuedBytes !== 0)) {
    duel.problems.push(`server: bytesWritten ${bytesWritten} of ${duel.down.length}, ${queuedBytes} queued`)
  }
}

async function listenEverywhere(init: ServerInit<Referee>, { folder, seed, backend }: Hammering) {
  const small = { sendBufferBytes: 4096, receiveBufferBytes: 4096 }
  const [tcp, tight, unix] = [serverOf(init), serverOf(init), serverOf(init)]
  const path = join(folder, `${backend}-${seed}`)
  await tcp.listen({ host: '127.0.0.1', port: 0 })
  await tight.listen({ host: '127.0.0.1', port: 0, ...small })
  await unix.listen({ path })
  const targets: Record<Transport, ConnectTarget> = {
    tcp: { host: '127.0.0.1', port: portOf(tcp) },
    'small buffers': { host: '127.0.0.1', port: portOf(tight), ...small },
    unix: { path },
  }
  return { servers: [tcp, tight, unix], of: (duel: Duel) => targets[duel.transport] }
}

/** Mostly tiny, so that every ring and slab is full all the time. */
function randomSizes(random: Random): EventLoopOptions {
  if (random.chance(0.2)) return {}
  const maxReadBytes = random.pick([100, 4096, 64 * 1024])
  const copyMaxBytes = random.pick([0, 64, 2048])
  return {
    maxReadBytes,
    copyMaxBytes,
    slabBytes: Math.max(4096, maxReadBytes + random.pick([64, 100_000])),
    poolBytes: copyMaxBytes + random.pick([64, 50_000]),
    sendSlabBytes: random.pick([1024, 5000, 256 * 1024]),
    eventCapacity: random.pick([1, 7, 4096]),
    submissionCapacity: random.pick([1, 5, 4096]),
    initialSlots: random.pick([4, 1024]),
    acceptBudget: random.pick([1, 64]),
    maxRounds: random.pick([1, 16]),
  }
}
