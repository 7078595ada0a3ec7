// What modes get from the engine, in the hands of a test.
import { EventLoop } from '@pollux/core'
import type { ModeContext, Recorder } from '../../src/modes/mode.js'
import type { Conversation, OpenConversation, Output } from '../../src/protocols/protocol.js'
import { WrongAnswer } from '../../src/protocols/wrong-answer.js'

export class KeptRecord implements Recorder {
  messages = 0
  bytes = 0
  verifiedBytes = 0
  readonly latencies: number[] = []
  readonly errors: Record<string, number> = {}
  private readonly watchers = new Set<() => void>()

  count(messages: number, bytes: number, verifiedBytes: number) {
    this.messages += messages
    this.bytes += bytes
    this.verifiedBytes += verifiedBytes
    for (const watch of this.watchers) watch()
  }
  latency(ns: number) {
    this.latencies.push(ns)
  }
  error(kind: string) {
    this.errors[kind] = (this.errors[kind] ?? 0) + 1
    for (const watch of this.watchers) watch()
  }

  /** Resolves as soon as the record is as wanted. */
  until(wanted: (record: KeptRecord) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!wanted(this)) return
        this.watchers.delete(watch)
        resolve()
      }
      this.watchers.add(watch)
      watch()
    })
  }
}

/** Echoes of 8 bytes that are compared: the connection and the number of the message. */
export const openEcho: OpenConversation = (connection, replied) => new Echo(connection, replied)

class Echo implements Conversation {
  verifiedBytes = 0
  private asked = 0
  private expected = 0
  private rest = Buffer.alloc(0)

  constructor(
    private readonly connection: number,
    private readonly replied: () => void,
  ) {}

  request(out: Output): number {
    out.write(this.message(this.asked++))
    return 8
  }

  receive(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes])
    while (this.rest.length >= 8) {
      if (this.expected === this.asked || !this.rest.subarray(0, 8).equals(this.message(this.expected++))) {
        throw new WrongAnswer('no echo')
      }
      this.rest = this.rest.subarray(8)
      this.verifiedBytes += 8
      this.replied()
    }
  }

  private message(number: number): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(this.connection)
    bytes.writeUInt32BE(number, 4)
    return bytes
  }
}

/** A context for a server on this port; `close` when the mode is over. */
export function contextFor(
  port: number,
  options: Partial<ModeContext> = {},
): { context: ModeContext; record: KeptRecord; close: () => void } {
  const loop = new EventLoop()
  const record = new KeptRecord()
  const context: ModeContext = {
    destination: { loop, address: { family: 'IPv4', host: '127.0.0.1', port } },
    open: openEcho,
    connections: 4,
    depth: 1,
    timeoutMs: 20_000,
    recorder: record,
    ...options,
  }
  return { context, record, close: () => loop.close() }
}
