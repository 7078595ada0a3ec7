import { EventType, RECORD_WORDS, SLOT_SHIFT } from '@pollux/native-poll'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Channel } from '../src/channel.js'
import { EventLoop } from '../src/event-loop.js'

/** Writes down what the loop tells it. */
class Witness extends Channel {
  readonly seen: string[] = []
  failure: Error | undefined = undefined
  failFailure: Error | undefined = undefined

  override onEnd(): void {
    this.note('end')
  }
  override onDrain(): void {
    this.note('drain')
  }
  override onClosed(): void {
    this.note('closed')
  }
  override fail(error: unknown): void {
    this.seen.push(`fail: ${(error as Error).message}`)
    if (this.failFailure !== undefined) throw this.failFailure
  }
  private note(what: string): void {
    this.seen.push(what)
    if (this.failure !== undefined) throw this.failure
  }
}

/** One event: what, which slot, which generation. */
type Event = [type: number, slot: number, generation: number]

/** The side of a loop that the reactor sees. */
interface Inside {
  events: Int32Array
  dispatch(count: number): void
}

/** Has the loop read these events, as the reactor would. */
function dispatch(loop: EventLoop, ...events: Event[]): void {
  const inside = loop as unknown as Inside
  for (const [index, [type, slot, generation]] of events.entries()) {
    inside.events.set([type | (slot << SLOT_SHIFT), generation, 0, 0], index * RECORD_WORDS)
  }
  inside.dispatch(events.length)
}

describe('a dispatch', () => {
  const loop = new EventLoop({ initialSlots: 8 })
  const { END, DRAIN, CLOSED } = EventType

  afterEach(() => loop.targets.fill(null))
  afterAll(() => loop.close())

  it('calls each channel in the order of the records', () => {
    const [a, b] = [new Witness(loop, 1, 1), new Witness(loop, 2, 1)]
    dispatch(loop, [END, 1, 1], [DRAIN, 2, 1], [DRAIN, 1, 1])
    expect([a.seen, b.seen]).toEqual([['end', 'drain'], ['drain']])
  })

  it('skips records of another generation, of nobody, and after the close', () => {
    const a = new Witness(loop, 1, 2)
    dispatch(loop, [END, 1, 1], [END, 3, 1], [DRAIN, 1, 2], [CLOSED, 1, 2], [END, 1, 2])
    expect(a.seen).toEqual(['drain', 'closed'])
    expect(loop.targets[1]).toBe(null)
  })

  it('loses one record to a throw, and no other', () => {
    const channels = Array.from({ length: 6 }, (_, slot) => new Witness(loop, slot, 1))
    channels[0].failure = channels[3].failure = channels[5].failure = new Error('bug')
    dispatch(loop, ...channels.map(({ slot }): Event => [END, slot, 1]), [DRAIN, 1, 1])
    for (const channel of channels) expect(channel.seen[0]).toBe('end')
    expect(channels[3].seen).toEqual(['end', 'fail: bug'])
    expect(channels[1].seen).toEqual(['end', 'drain'])
  })

  it('makes an uncaughtException of what an error handler throws, and goes on', async () => {
    const [a, b] = [new Witness(loop, 1, 1), new Witness(loop, 2, 1)]
    a.failure = new Error('bug')
    a.failFailure = new Error('in the handler of the bug')
    const uncaught = uncaughtException()
    dispatch(loop, [END, 1, 1], [END, 2, 1])
    expect(b.seen).toEqual(['end'])
    expect(await uncaught).toBe(a.failFailure)
  })

  it('tells the channels when the loop is closed', () => {
    const own = new EventLoop({ initialSlots: 4 })
    const a = new Witness(own, 2, 1)
    own.close()
    own.close()
    expect(a.seen).toEqual(['closed'])
  })
})

/** The next uncaughtException, kept from everybody else. */
function uncaughtException(): Promise<unknown> {
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) => {
      for (const listener of others) process.on('uncaughtException', listener)
      resolve(error)
    })
  })
}
