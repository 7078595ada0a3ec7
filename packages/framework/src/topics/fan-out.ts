/** One message to many connections: encoded once, copied once, and one record of the submission ring for each of them. */
import { isUint8Array } from 'node:util/types'
import { checkInteger, checkObject, invalidArgType, invalidArgValue } from '@pollux/core'
import type { Codec } from '../codecs/codec.js'
import { encodeToBuffer } from '../codecs/encode.js'
import type { Connection } from '../connection/connection.js'
import type { Settings } from '../connection/settings.js'
import { queueFull } from '../failures.js'

/** What becomes of those that do not keep up. */
export interface FanOutOptions {
  /**
   * What happens to a message for a connection that has so much queued that the message would pass `maxQueuedBytes`; one
   * that has nothing queued takes any.
   * 'drop' (the default): it does not get this one, which is counted (`statistics.droppedMessages`). 'close': it is reset,
   * with the reason 'queue_full'. 'queue': the message is queued as any other write, up to the limit of the connection
   * itself and its policy (`maxQueuedBytes` and `overflow` of the server's options).
   */
  slow?: 'drop' | 'close' | 'queue'
  /** Bytes, for 'drop' and 'close'. Default: the connections' `highWaterMark`. */
  maxQueuedBytes?: number
}

const POLICIES = ['drop', 'close', 'queue'] as const

/** Where the bytes are while they are not in the send slab. */
const NOWHERE = -1

/** Whether a connection is to get a message. */
export type Filter<State, In, Out> = (connection: Connection<State, In, Out>) => boolean

export class FanOut<State, In, Out> {
  private readonly settings: Settings<State, In, Out>
  private readonly slow: 'drop' | 'close' | 'queue'
  private readonly maxQueuedBytes: number
  private codec: Codec<In, Out> | null | undefined = undefined

  /** @throws TypeError or RangeError that names the option */
  constructor(settings: Settings<State, In, Out>, options: FanOutOptions) {
    checkObject(options, 'fanOut')
    this.settings = settings
    this.slow = options.slow ?? 'drop'
    if (!POLICIES.includes(this.slow)) {
      throw invalidArgValue('fanOut.slow', `must be one of: ${POLICIES.join(', ')}`, options.slow)
    }
    const max = options.maxQueuedBytes ?? settings.highWaterMark
    this.maxQueuedBytes = checkInteger(max, 'fanOut.maxQueuedBytes', 1, Number.MAX_SAFE_INTEGER)
  }

  /**
   * How many took it. The recipients may change meanwhile.
   *
   * @param count how many of them are looked at, at most: those that join meanwhile come behind all others, and whoever
   *   leaves and joins would come up again and again
   */
  send(
    recipients: Iterable<Connection<State, In, Out>>,
    count: number,
    message: Out,
    filter?: Filter<State, In, Out>,
  ): number {
    const bytes = this.encode(message)
    const chosen = filter === undefined ? recipients : choose(recipients, filter)
    const taken = bytes.length === 0 ? 0 : this.sendBytes(chosen, count, bytes)
    if (this.codec !== null) this.settings.statistics.messagesSent += taken
    return taken
  }

  private sendBytes(
    recipients: Iterable<Connection<State, In, Out>>,
    count: number,
    bytes: Uint8Array,
  ): number {
    const { length } = bytes
    const { submissions } = this.settings.loop
    const most = this.slow === 'queue' ? this.settings.highWaterMark - 1 : this.maxQueuedBytes
    const placeable = submissions.canPlace(length) && (this.slow !== 'queue' || length <= most)
    let place = NOWHERE
    let taken = 0
    let left = count
    for (const connection of recipients) {
      if (left-- === 0) break
      if (placeable && connection.takesPlaced(length, most)) {
        if (place === NOWHERE) place = submissions.place(bytes)
        submissions.sendPlaced(connection.slot, connection.generation, place, length)
        taken++
      } else {
        if (this.sendWithCare(connection, bytes)) taken++
        // Whatever that was, the send slab may have been used for something else since.
        place = NOWHERE
      }
    }
    return taken
  }

  /** To one that is slow, that has a filter before it, or that is gone; or many bytes, which the kernel is given at once. */
  private sendWithCare(connection: Connection<State, In, Out>, bytes: Uint8Array): boolean {
    if (!connection.isWritable) return false
    const { statistics, loop } = this.settings
    const { length } = bytes
    if (this.slow !== 'queue' && this.isTooMuch(connection.queuedBytes, length)) {
      // What was counted may be with the kernel by now.
      loop.submissions.flush()
      const { queuedBytes } = connection
      if (this.isTooMuch(queuedBytes, length)) {
        statistics.droppedBytes += length
        if (this.slow === 'drop') statistics.droppedMessages++
        else connection.failWithReset(queueFull(queuedBytes, length, this.maxQueuedBytes))
        return false
      }
    }
    const droppedBefore = statistics.droppedBytes
    try {
      connection.write(bytes)
    } catch {
      // `overflow: 'error'`: whoever published can do nothing about one connection, and the others wait.
    }
    return statistics.droppedBytes === droppedBefore
  }

  /** Where nothing is queued, one message of any size is no backlog. */
  private isTooMuch(queuedBytes: number, length: number): boolean {
    return queuedBytes > 0 && queuedBytes + length > this.maxQueuedBytes
  }

  private encode(message: Out): Uint8Array {
    // A codec with state of its own would be another for each connection: those that send by topics have none.
    this.codec ??= this.settings.makeCodec()
    if (this.codec !== null) return encodeToBuffer(this.codec as Codec<never, Out>, message)
    if (typeof message === 'string') return Buffer.from(message)
    if (!isUint8Array(message)) {
      throw invalidArgType('data', 'of type string or an instance of Uint8Array', message)
    }
    return message
  }
}

/** First all, then the sending: a filter is a user's function, and may write, leave and join. */
function choose<State, In, Out>(
  recipients: Iterable<Connection<State, In, Out>>,
  filter: Filter<State, In, Out>,
): Connection<State, In, Out>[] {
  if (typeof filter !== 'function') throw invalidArgType('filter', 'of type function', filter)
  return [...recipients].filter((connection) => filter(connection))
}
