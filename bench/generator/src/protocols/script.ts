/** A protocol of one's own: `--script FILE`. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProtocolName } from '../result.js'
import { UsageError } from '../usage-error.js'
import type { Conversation, OpenConversation } from './protocol.js'
import { WrongAnswer } from './wrong-answer.js'

/** What a script's file exports. */
interface Script {
  default?: unknown
  protocol?: unknown
}

/**
 * Loads a module (`.mjs`, `.js`, or TypeScript where the running Node takes it) whose default export begins a conversation:
 *
 * ```js
 * export const protocol = 'tcp'
 * export default (connection, replied) => ({ request(out) { … }, receive(bytes) { … replied() … } })
 * ```
 *
 * Whatever its `receive` throws is a wrong answer.
 *
 * @throws UsageError where the file can't be loaded, or is no such module, or is for another protocol
 */
export async function loadScript(file: string, protocol: ProtocolName): Promise<OpenConversation> {
  let script: Script
  try {
    script = (await import(pathToFileURL(resolve(file)).href)) as Script
  } catch (error) {
    throw new UsageError(
      `--script ${file} can't be loaded: ${error instanceof Error ? error.message : error}`,
    )
  }
  const { default: open, protocol: wanted } = script
  if (typeof open !== 'function') {
    throw new UsageError(
      `--script ${file} has no function as its default export: (connection, replied) => conversation`,
    )
  }
  if (wanted !== undefined && wanted !== protocol) {
    throw new UsageError(`--script ${file} speaks over ${String(wanted)}, not over ${protocol}`)
  }
  check(file, open as OpenConversation)
  return (connection, replied) => new Scripted((open as OpenConversation)(connection, replied))
}

/** Begins a conversation that nobody will have: what is wrong with a script shows before there are connections. */
function check(file: string, open: OpenConversation): void {
  let conversation: Partial<Conversation> | undefined
  try {
    conversation = open(0, () => {})
  } catch (error) {
    throw new UsageError(`--script ${file} can't begin a conversation: ${error}`)
  }
  if (typeof conversation?.request !== 'function' || typeof conversation.receive !== 'function') {
    throw new UsageError(
      `--script ${file}: what its default export returns needs the methods request and receive`,
    )
  }
}

class Scripted implements Conversation {
  constructor(private readonly own: Conversation) {}

  get verifiedBytes(): number {
    return this.own.verifiedBytes ?? 0
  }

  get closes(): boolean {
    return this.own.closes ?? false
  }

  request(...out: Parameters<Conversation['request']>): number {
    return this.own.request(...out)
  }

  receive(bytes: Buffer): void {
    try {
      this.own.receive(bytes)
    } catch (error) {
      throw error instanceof WrongAnswer ? error : new WrongAnswer(String(error))
    }
  }

  ended(): boolean {
    return this.own.ended?.() ?? false
  }
}
