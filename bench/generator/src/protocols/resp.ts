/** The protocol `resp`: commands to a server that speaks Redis's protocol. */

import { Random } from '../random.js'
import type { Sizes } from '../sizes.js'
import { commandWords } from './command-words.js'
import { NumberQueue } from './number-queue.js'
import type { Conversation, OpenConversation, Output, Replied } from './protocol.js'
import { ReplyReader, type ReplySink } from './resp-replies.js'
import { lengthOf, type Part, parseTemplate, Stamps, type Values } from './template.js'
import { WrongAnswer } from './wrong-answer.js'

/** What `resp` is told by flags. */
export interface RespOptions {
  /** Sent in turn; at least one. `{n}` and `{size}` in them as in template.ts. */
  commands: string[]
  /** How many keys `{n}` stands for. */
  keys: number
  /** Of values. */
  sizes: Sizes
  values: Values
  verify: boolean
  seed: number
}

/** What a reply must be, as far as that follows from the command. */
const ANY = 0
const OK = 1
const PONG = 2
/** The value of the key, or null where nobody has set it. */
const VALUE_OR_NULL = 3
/** The value that was sent. */
const VALUE = 4

/** What a GET of a key that nobody has set counts as. */
const NIL = 'no such key'

const OTHER_TYPE = 'answered with a reply of another type'

interface Command {
  stamps: Stamps
  hasKey: boolean
  hasValue: boolean
  expected: number
}

/** @throws UsageError that says what is wrong with a command */
export function prepareResp(options: RespOptions): OpenConversation {
  const commands = options.commands.map((line) => prepareCommand(line, options))
  // Who sets keys while getting them will ask for some too early; who only gets them has forgotten to set them before.
  const missing = commands.some(({ expected }) => expected === OK) ? undefined : NIL
  return (connection, replied) => new RespConversation(commands, missing, options, connection, replied)
}

function prepareCommand(line: string, { keys, values }: RespOptions): Command {
  const words = commandWords(line)
  const templates = words.map(parseTemplate)
  const parts = templates.flat()
  const make = (size: number): Part[] => [
    text(`*${templates.length}\r\n`),
    ...templates.flatMap((word) => [text(`$${lengthOf(word, keys, size)}\r\n`), ...word, text('\r\n')]),
  ]
  const hasKey = parts.some((part) => part.kind === 'key')
  const hasValue = parts.some((part) => part.kind === 'value')
  return { stamps: new Stamps(make, keys, values), hasKey, hasValue, expected: expectationOf(words) }
}

function text(of: string): Part {
  return { kind: 'bytes', bytes: Buffer.from(of) }
}

function expectationOf(words: string[]): number {
  const name = (words[0] as string).toUpperCase()
  if (name === 'SET' && words.length === 3) return OK
  if (name === 'GET' && words.length === 2) return VALUE_OR_NULL
  if (name === 'PING' && words.length === 1) return PONG
  if ((name === 'ECHO' || name === 'PING') && words[1] === '{size}' && words.length === 2) return VALUE
  return ANY
}

class RespConversation implements Conversation, ReplySink {
  verifiedBytes = 0
  readonly wantsContents: boolean
  private readonly reader = new ReplyReader(this)
  private readonly random: Random
  private turn: number
  private inFlight = 0
  // With --verify: command, key and size of each request that is under way.
  private readonly asked = new NumberQueue()
  // Of the reply that is being read: whether its value came, and how much of that was compared.
  private hasCome = false
  private compared = 0
  private failure: string | undefined = undefined
  private command: Command | undefined = undefined
  private key = 0
  private size = 0

  constructor(
    private readonly commands: readonly Command[],
    /** What a GET counts as that finds nothing; undefined: a reply as any other. */
    private readonly missing: string | undefined,
    private readonly options: RespOptions,
    private readonly connection: number,
    private readonly replied: Replied,
  ) {
    this.wantsContents = options.verify
    this.random = new Random(options.seed + connection)
    this.turn = connection % commands.length
  }

  request(out: Output): number {
    const { commands, options } = this
    const index = this.turn
    this.turn = index + 1 === commands.length ? 0 : index + 1
    const command = commands[index]
    const key = command.hasKey ? this.random.below(options.keys) : 0
    const size = command.hasValue ? options.sizes.next(this.random) : 0
    const bytes = command.stamps.of(size).fill(key)
    out.write(bytes)
    this.inFlight++
    if (this.wantsContents) {
      this.asked.push(index)
      this.asked.push(key)
      this.asked.push(size)
    }
    return bytes.length
  }

  receive(bytes: Buffer): void {
    this.reader.read(bytes)
  }

  // --- called by the reader ---

  line(type: string, text: string): void {
    const { expected } = this.beginValue()
    if (expected === ANY) return
    const wanted = expected === OK ? '+OK' : expected === PONG ? '+PONG' : 'a string'
    if (expected === VALUE_OR_NULL && type === '_') this.failure = this.missing
    else if (type + text !== wanted) this.refuse(`answered ${JSON.stringify(type + text)}, not ${wanted}`)
  }

  string(length: number): void {
    const { expected } = this.beginValue()
    if (expected === ANY) return
    if (expected === OK || expected === PONG) this.refuse('answered with a string')
    if (length < 0 && expected === VALUE_OR_NULL) {
      this.failure = this.missing
      return
    }
    const { smallest, largest } = this.options.sizes
    // What a GET finds may have been set with any of the sizes.
    const wanted = expected === VALUE ? this.size : smallest === largest ? largest : length
    if (length !== wanted) this.refuse(`answered ${length} bytes, not ${wanted}`)
    const { values } = this.options
    if (length > values.bytes.length - values.startOf(this.key))
      this.refuse(`answered ${length} bytes, more than any value has`)
  }

  piece(bytes: Buffer, start: number, end: number): void {
    if (this.command?.expected === ANY) return
    const { values } = this.options
    const from = values.startOf(this.key) + this.compared
    const length = end - start
    if (values.bytes.compare(bytes, start, end, from, from + length) !== 0)
      this.refuse('answered with wrong bytes')
    this.compared += length
    this.verifiedBytes += length
  }

  reply(failure: string | undefined): void {
    if (--this.inFlight < 0)
      throw new WrongAnswer(`connection ${this.connection} got a reply that it did not ask for`)
    if (!this.wantsContents) {
      this.replied(failure)
      return
    }
    const { expected } = this.begin()
    if (failure === undefined && expected !== ANY && !this.hasCome) this.refuse(OTHER_TYPE)
    const reason = failure ?? this.failure
    this.command = undefined
    this.hasCome = false
    this.compared = 0
    this.failure = undefined
    this.replied(reason)
  }

  private beginValue(): Command {
    const command = this.begin()
    if (command.expected !== ANY && !this.reader.outermost) this.refuse(OTHER_TYPE)
    this.hasCome = true
    return command
  }

  private begin(): Command {
    if (this.command !== undefined) return this.command
    const command = this.commands[this.asked.shift()]
    if (command === undefined)
      throw new WrongAnswer(`connection ${this.connection} got a reply that it did not ask for`)
    this.key = this.asked.shift()
    this.size = this.asked.shift()
    this.command = command
    return command
  }

  private refuse(what: string): never {
    const about = this.command?.hasKey ? `for key ${this.key} ` : ''
    throw new WrongAnswer(`the server ${what} ${about}on connection ${this.connection}`)
  }
}
