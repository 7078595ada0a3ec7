// One connection of the hammer: what its client and its server shall do, and what each of them saw.
import { Random } from './random.js'
import { Checker, MAX_STREAM_BYTES, Stream } from './stream.js'

/** How the server answers: with the chunk as it is, with the chunk at some later time, with a stream of its own. */
export type Answer = 'echo' | 'later' | 'own'
export type Transport = 'tcp' | 'small buffers' | 'unix'
export type Ending = 'clean' | 'client destroys' | 'client resets' | 'server destroys' | 'server resets'

const ENDINGS: readonly Ending[] = ['client destroys', 'client resets', 'server destroys', 'server resets']

/** Number of the duel and of the attempt: what a client says first. */
export const HEADER_BYTES = 8

export class Duel {
  readonly random: Random
  readonly transport: Transport
  readonly clientIsOurs: boolean
  readonly answer: Answer
  readonly ending: Ending
  readonly up: Stream
  readonly down: Stream
  /** After so many bytes of `up` an unclean ending happens. */
  readonly breakAt: number
  /** How often an end stops reading for a while. */
  readonly clientPauses: number
  readonly serverPauses: number
  atServer: Checker
  atClient: Checker
  attempt = 0
  /** The server knows whom it talks to. */
  isMet = false
  /** One of the two broke it off. */
  isBroken = false
  readonly problems: string[] = []
  private serverClosed!: () => void
  serverIsDone = new Promise<void>((resolve) => {
    this.serverClosed = resolve
  })

  constructor(
    readonly number: number,
    seed: number,
  ) {
    const random = new Random(seed + number * 7919)
    this.random = random
    this.transport = random.pick(['tcp', 'small buffers', 'unix'])
    this.clientIsOurs = random.chance(0.6)
    this.answer = random.pick(['echo', 'later', 'own'])
    this.ending = random.chance(0.7) ? 'clean' : random.pick(ENDINGS)
    // A window of a few KiB takes its time: delayed acknowledgements, and probes when it was full.
    const most = this.transport === 'small buffers' ? 50_000 : MAX_STREAM_BYTES
    const maxBytes = random.pick([2000, 50_000, most])
    this.up = Stream.random(random, maxBytes)
    this.down = this.answer === 'own' ? Stream.random(random, maxBytes) : this.up
    this.breakAt = this.ending === 'clean' ? Number.POSITIVE_INFINITY : random.int(0, this.up.length)
    this.clientPauses = random.pick([0, 0, 0.2])
    this.serverPauses = random.pick([0, 0, 0.2])
    this.atServer = new Checker(this.up, 'up')
    this.atClient = new Checker(this.down, 'down')
  }

  /** Another attempt: the server shed the one before, unseen. */
  begin(): Buffer {
    this.attempt++
    this.atClient = new Checker(this.down, 'down')
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32LE(this.number, 0)
    header.writeUInt32LE(this.attempt, 4)
    return header
  }

  closedAtServer(error: unknown) {
    if (error !== undefined && !this.isBroken) this.problems.push(`server: ${error}`)
    this.serverClosed()
  }

  /** Everything that is wrong once both ends are closed. */
  verdict(): string[] {
    const { atServer, atClient, problems } = this
    for (const { problem } of [atServer, atClient]) if (problem) problems.push(problem)
    if (this.ending === 'clean') {
      for (const [end, checker, stream] of [
        ['server', atServer, this.up],
        ['client', atClient, this.down],
      ] as const) {
        if (!checker.isComplete) problems.push(`${end} has ${checker.received} of ${stream.length} bytes`)
      }
    }
    return problems.map((problem) => `${this}: ${problem}`)
  }

  toString(): string {
    const { number, transport, clientIsOurs, answer, ending, attempt } = this
    const client = clientIsOurs ? 'our client' : 'node:net'
    return `connection ${number} (${transport}, ${client}, ${answer}, ${ending}, attempt ${attempt})`
  }
}
