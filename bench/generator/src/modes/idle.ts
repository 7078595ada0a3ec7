/**
 * The mode `idle`: what a connection costs the server's memory that does nothing. Each is answered once, so that the server
 * has really accepted it and holds what it needs to serve it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Conversation } from '../protocols/protocol.js'
import { WrongAnswer } from '../protocols/wrong-answer.js'
import { type Memory, openFds, settledMemory } from '../server-memory.js'
import { HeldConnection, openAll } from '../sockets/held.js'
import { type Destination, TIMEOUT } from '../sockets/stream.js'
import type { ModeContext } from './mode.js'

/** What was measured. */
export interface IdleResult {
  connections: number
  beforeBytes: Memory
  afterBytes: Memory
  /** The growth of what the server wrote itself, by connection. */
  perConnectionBytes: number
}

/**
 * Connections that come and go before memory is first read: what a server allocates once, at its first connections
 * (compiled code, pools), is not memory per connection.
 */
const WARM_UP_CONNECTIONS = 500
/** Exchanges under way at the same time. */
const TOGETHER = 64
const CLOSE_TIMEOUT_MS = 2000
const LOOK_MS = 10
/** A few more than at the start is no leak: a runtime opens some of its own when it first needs them. */
const FEW_FDS = 8

/**
 * Opens `context.connections` and reads the memory of process `pid` before and after.
 *
 * @throws Error where the server can't be reached, answers wrongly, or closes a connection that does nothing
 */
export async function measureIdle(context: ModeContext, pid: number): Promise<IdleResult> {
  const fds = openFds(pid)
  const warmUp = await openAnswered(context, Math.min(WARM_UP_CONNECTIONS, context.connections))
  await closeAll(warmUp)
  // A server may take a while to notice. One that does not close at all will be seen by what it needs.
  const deadline = performance.now() + CLOSE_TIMEOUT_MS
  while (openFds(pid) > fds + FEW_FDS && performance.now() < deadline) await sleep(LOOK_MS)
  const beforeBytes = await settledMemory(pid)

  const { connections } = context
  const idle = await openAnswered(context, connections)
  let afterBytes: Memory
  try {
    afterBytes = await settledMemory(pid)
    for (const connection of idle) connection.mustBeOpen()
  } finally {
    await closeAll(idle)
  }
  const perConnectionBytes = (afterBytes.user - beforeBytes.user) / connections
  return { connections, beforeBytes, afterBytes, perConnectionBytes }
}

async function openAnswered(context: ModeContext, count: number): Promise<IdleConnection[]> {
  const { destination } = context
  const make = (slot: number, generation: number, index: number) =>
    new IdleConnection(destination, slot, generation, index, context)
  const all = await openAll(destination, count, make)
  try {
    for (let first = 0; first < count; first += TOGETHER) {
      await Promise.all(all.slice(first, first + TOGETHER).map((connection) => connection.exchange()))
    }
  } catch (error) {
    await closeAll(all)
    throw error
  }
  return all
}

async function closeAll(connections: IdleConnection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.end()))
}

class IdleConnection extends HeldConnection {
  private readonly context: ModeContext
  private readonly conversation: Conversation
  private answered: ((error?: Error) => void) | undefined = undefined
  private gone: (() => void) | undefined = undefined
  private isClosed = false
  /** Why it is not open any more. */
  private reason: Error | undefined = undefined

  constructor(
    destination: Destination,
    slot: number,
    generation: number,
    index: number,
    context: ModeContext,
  ) {
    super(destination, slot, generation, index)
    this.context = context
    this.conversation = context.open(index, (failure) => {
      const { answered } = this
      if (answered === undefined)
        throw new WrongAnswer(`connection ${index} got an answer without a question`)
      this.answered = undefined
      this.context.recorder.count(1, 0, 0)
      answered(failure === undefined ? undefined : new Error(`connection ${index} was answered ${failure}`))
    })
  }

  /** One request and its answer. */
  exchange(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.reason !== undefined) {
        reject(this.reason)
        return
      }
      const { timeoutMs } = this.context
      const timer = setTimeout(() => {
        this.give(TIMEOUT, new Error(`connection ${this.index} got no answer in ${timeoutMs} ms`))
      }, timeoutMs).unref()
      this.answered = (error) => {
        clearTimeout(timer)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.conversation.request(this)
    })
  }

  mustBeOpen(): void {
    if (this.reason === undefined) return
    throw new Error(`connection ${this.index} was not left open while it was idle: ${this.reason.message}`)
  }

  /** Closes it; resolves when it is. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isClosed) {
        resolve()
        return
      }
      this.gone = resolve
      this.close()
    })
  }

  protected received(bytes: Buffer): void {
    this.conversation.receive(bytes)
  }

  protected broke(kind: string, error: Error): void {
    this.reason = error
    this.context.recorder.error(kind)
    this.answered?.(error)
    this.answered = undefined
  }

  protected override closed(): void {
    this.isClosed = true
    this.gone?.()
  }
}
