/**
 * The mode `slow-readers`: requests and replies on some connections, which are measured alone at first, and then beside
 * others that ask as much as they can and hardly read. What run-slow-readers.ts makes of it: what that does to the
 * server's memory, and to those that read.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, connectAll } from '../dial.js'
import { prepareProtocol } from '../protocols/prepare.js'
import { SlowReader, type SlowReaderOwner } from '../slow-reader.js'
import type { Job, Load, SlowUse } from './load.js'
import { Requests } from './requests.js'

/** What all of them together leave unread at most: a server that keeps everything must not take all memory. */
const MAX_UNREAD_BYTES = 512 * 1024 * 1024
/** And one of them: more than the kernel's buffers at both ends hold. */
const UNREAD_BYTES = 16 * 1024 * 1024

/** How often they may read. */
const READ_MS = 50

export class SlowReaders extends Requests implements Load, SlowReaderOwner {
  private readers: SlowReader[] = []
  private slow = 0
  private gone = 0
  private reading: NodeJS.Timeout | undefined

  constructor(private readonly ownJob: Job) {
    super(ownJob)
  }

  /** Opens the slow readers, and resolves when each was answered once and reads no more. */
  async disturb(): Promise<void> {
    const { loop, options, first, count } = this.ownJob
    const { slowReaders, slowRate, connections, timeoutMs } = options
    // Beside the others, with numbers of their own.
    const from = Math.floor((slowReaders * first) / connections)
    const mine = Math.floor((slowReaders * (first + count)) / connections) - from
    const unread = Math.min(UNREAD_BYTES, Math.floor(MAX_UNREAD_BYTES / slowReaders))
    const conversations = await prepareProtocol({ ...options, verify: false, depth: 1 })
    this.readers = await connectAll(connections + from, mine, (number) =>
      connect(loop, options, number, (...place) => {
        return new SlowReader(...place, number, this, conversations, unread)
      }),
    )
    for (const reader of this.readers) reader.begin()
    const deadline = performance.now() + timeoutMs
    while (this.slow + this.gone < mine && performance.now() < deadline) await sleep(1)
    if (slowRate > 0) {
      const share = Math.ceil((slowRate * READ_MS) / 1000)
      this.reading = setInterval(() => {
        for (const reader of this.readers) reader.read(share)
      }, READ_MS)
    }
  }

  override close(): void {
    super.close()
    clearInterval(this.reading)
    for (const reader of this.readers) reader.end()
  }

  get slowUse(): SlowUse {
    const { readers, gone } = this
    return {
      sentBytes: readers.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      readBytes: readers.reduce((sum, { readBytes }) => sum + readBytes, 0),
      gone,
    }
  }

  onSlow(): void {
    this.slow++
  }

  onGone(_reader: SlowReader, kind: string): void {
    // A server that gets rid of who does not read does nothing wrong.
    this.gone++
    if (kind === 'wrong answer') this.recorder.wrongAnswer('a slow reader was answered wrongly')
  }
}
