/** Connections that are opened once and held. */
import { type Destination, dial, StreamChannel } from './stream.js'

/** Connections under way at the same time: more would overflow a listener's queue. */
const OPENED_TOGETHER = 64

/** A connection that somebody waits for. */
export abstract class HeldConnection extends StreamChannel {
  /** Of all that were opened together, from 0. */
  readonly index: number
  private awaited: ((error?: Error) => void) | undefined = undefined

  constructor(destination: Destination, slot: number, generation: number, index: number) {
    super(destination.loop, slot, generation)
    this.index = index
  }

  /** Resolves when it is connected; rejects when it can't be. To be asked at once. */
  whenConnected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.awaited = (error) => (error === undefined ? resolve() : reject(error))
    })
  }

  protected connected(): void {
    this.awaited?.()
    this.awaited = undefined
  }

  protected failed(kind: string, error: Error): void {
    const { awaited } = this
    this.awaited = undefined
    if (awaited === undefined) this.broke(kind, error)
    else awaited(error)
  }

  /** It failed after it was connected. */
  protected abstract broke(kind: string, error: Error): void

  protected closed(): void {}
}

/**
 * Opens `count` connections, some at a time.
 *
 * @throws what connecting failed with; all others are closed then
 */
export async function openAll<Connection extends HeldConnection>(
  destination: Destination,
  count: number,
  make: (slot: number, generation: number, index: number) => Connection,
): Promise<Connection[]> {
  const all: Connection[] = []
  try {
    while (all.length < count) {
      const group: Promise<void>[] = []
      const size = Math.min(OPENED_TOGETHER, count - all.length)
      for (let i = 0; i < size; i++) {
        const index = all.length
        const connection = dial(destination, (slot, generation) => make(slot, generation, index))
        all.push(connection)
        group.push(connection.whenConnected())
      }
      await allOf(group)
    }
  } catch (error) {
    for (const connection of all) connection.destroy()
    throw error
  }
  return all
}

/** Waits for every one, so that no rejection is left without a listener. */
async function allOf(promises: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason
  }
}
