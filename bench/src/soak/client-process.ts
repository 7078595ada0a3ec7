/** The clients, in a process of their own, over node:net. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from '@pollux/framework'
import { frame } from './frames.js'
import { Random } from './random.js'
import { BEHAVIOURS, type Behaviour, type Round } from './rounds.js'

export interface Tally {
  conversations: number
  /** Of polite clients: everything came back, the connection went before, something else came back. */
  complete: number
  broken: number
  wrong: number
  bytes: number
}

/** A client that nobody lets go gives up. */
const PATIENCE_MS = 3000

process.on('message', async ({ round, endpoint }: { round: Round; endpoint: Endpoint }) => {
  process.send?.({ tally: await run(round, endpoint) })
})

async function run(round: Round, endpoint: Endpoint): Promise<Tally> {
  const tally = { conversations: 0, complete: 0, broken: 0, wrong: 0, bytes: 0 }
  const end = performance.now() + round.seconds * 1000
  const client = async (nth: number) => {
    const random = new Random(round.seed * 1000 + nth)
    while (performance.now() < end) {
      const behaviour = random.chance(0.5) ? 'polite' : random.pick(BEHAVIOURS)
      await new Conversation(round, endpoint, behaviour, random, tally).over
      // The server has hung up on it at once, perhaps: not as fast as it can be done.
      await sleep(random.between(0, 10))
    }
  }
  await Promise.all(Array.from({ length: round.clients }, (_, nth) => client(nth)))
  return tally
}

class Conversation {
  readonly over: Promise<void>
  private readonly transport: Socket
  /** With TLS in it, where the round has that and the client speaks it. */
  private readonly socket: Socket
  private readonly sent: Buffer
  private receivedBytes = 0
  private wrong = false

  constructor(
    private readonly round: Round,
    endpoint: Endpoint,
    private readonly behaviour: Behaviour,
    private readonly random: Random,
    private readonly tally: Tally,
  ) {
    const frames = Array.from({ length: random.between(1, 40) }, () => this.frame())
    this.sent = Buffer.concat(frames)
    this.transport = connect({ ...endpoint, allowHalfOpen: true })
    this.transport.on('error', () => {})
    const speaksTls = round.front === 'tls' && behaviour !== 'garbage' && behaviour !== 'dripping'
    const socket = speaksTls
      ? connectTls({ socket: this.transport, rejectUnauthorized: false })
      : this.transport
    this.socket = socket
    socket.on('error', () => {})
    socket.on(speaksTls ? 'secureConnect' : 'connect', () => this.begin())
    socket.on('data', (chunk) => this.received(chunk))
    socket.on('end', () => socket.end())
    socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    this.over = new Promise((resolve) => {
      socket.on('close', () => {
        this.closed()
        resolve()
      })
    })
  }

  private frame(): Buffer {
    const letter = this.random.pick(['a', 'b', 'c', 'd'])
    return frame(this.round.framing, letter.repeat(this.random.pick([1, 10, 100, 1000, 10_000])))
  }

  private begin(): void {
    const { socket, sent, random } = this
    switch (this.behaviour) {
      case 'polite':
        socket.write(sent)
        break
      case 'half-closing':
        socket.end(sent)
        break
      case 'resetting':
        socket.write(sent)
        setTimeout(() => this.reset(), random.between(0, 20))
        break
      case 'slow to read':
        socket.pause()
        socket.write(sent)
        setTimeout(() => socket.resume(), random.between(10, 1500))
        setTimeout(() => socket.end(), 2000)
        break
      case 'dripping':
        void this.drip()
        break
      case 'garbage':
        socket.end(Buffer.from(Array.from({ length: random.between(1, 5000) }, () => random.between(0, 255))))
        break
      case 'leaving':
        socket.destroy()
        break
    }
  }

  private reset(): void {
    const { transport } = this
    if (this.round.unix && this.round.front !== 'a proxy') transport.destroy()
    else transport.resetAndDestroy()
  }

  private async drip(): Promise<void> {
    const { socket, sent } = this
    for (let at = 0; at < 100 && at < sent.length && socket.writable; at++) {
      socket.write(sent.subarray(at, at + 1))
      await sleep(10)
    }
    socket.destroy()
  }

  private received(chunk: Buffer): void {
    this.tally.bytes += chunk.length
    if (this.behaviour !== 'polite' || this.round.handler === 'tell everyone') {
      if (this.behaviour === 'polite') this.socket.end()
      return
    }
    const from = this.receivedBytes
    this.receivedBytes += chunk.length
    if (!this.sent.subarray(from, this.receivedBytes).equals(chunk)) this.wrong = true
    if (this.wrong) this.socket.destroy()
    else if (this.receivedBytes === this.sent.length) this.socket.end()
  }

  private closed(): void {
    const { tally } = this
    tally.conversations++
    if (this.behaviour !== 'polite' || this.round.handler === 'tell everyone') return
    if (this.wrong) tally.wrong++
    else if (this.receivedBytes === this.sent.length) tally.complete++
    else tally.broken++
  }
}
