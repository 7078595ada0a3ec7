/** Commands, and how they are found. */
import type { Client } from './client.js'
import type { Reply } from './reply.js'
import type { Request } from './request.js'

/** What a command does. Throws `ReplyError`, or answers with one, for what the client has done wrong. */
export type Run = (client: Client, request: Request) => Reply

export interface Command {
  readonly name: string
  /** How many arguments it takes, its name included; a negative number is a least. */
  readonly arity: number
  /** As `COMMAND INFO` tells them: 'readonly', 'write', 'fast', … */
  readonly flags: readonly string[]
  /** The first and the last argument that is a key (-1 is the last of all), and the step between; 0 for no keys. */
  readonly keys: readonly [first: number, last: number, step: number]
  readonly run: Run
}

export function command(
  name: string,
  arity: number,
  flags: string,
  keys: Command['keys'],
  run: Run,
): Command {
  return { name, arity, flags: flags.split(' '), keys, run }
}

/** No keys; one; all arguments; pairs of a key and something else. */
export const NO_KEY = [0, 0, 0] as const
export const ONE_KEY = [1, 1, 1] as const
export const ALL_KEYS = [1, -1, 1] as const

/** Much larger than there are commands: few meet in one place. */
const PLACES = 1024

const LOWER_CASE = 0x20

/** Finds a command by the bytes of its name, without a string. */
export class CommandTable {
  readonly commands = new Map<string, Command>()
  private readonly places: (Command | undefined)[] = new Array(PLACES).fill(undefined)

  constructor(commands: readonly Command[]) {
    for (const command of commands) {
      const bytes = Buffer.from(command.name)
      let place = placeOf(bytes, 0, bytes.length)
      while (this.places[place] !== undefined) place = (place + 1) % PLACES
      this.places[place] = command
      this.commands.set(command.name, command)
    }
  }

  /** In whichever case it is written. */
  find(bytes: Buffer, from: number, to: number): Command | undefined {
    let place = placeOf(bytes, from, to)
    for (;;) {
      const command = this.places[place]
      if (command === undefined || isNamed(command.name, bytes, from, to)) return command
      place = (place + 1) % PLACES
    }
  }
}

function placeOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] | LOWER_CASE)) | 0
  return (hash >>> 0) % PLACES
}

/** Letters differ from their other case by one bit, and no two other characters of a name do. */
function isNamed(name: string, bytes: Buffer, from: number, to: number): boolean {
  if (name.length !== to - from) return false
  for (let i = from; i < to; i++) if ((bytes[i] | LOWER_CASE) !== name.charCodeAt(i - from)) return false
  return true
}
