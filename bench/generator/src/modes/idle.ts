/**
 * The mode `idle`: connections that do nothing. Each is answered once, so that the server has really accepted it and holds
 * what it needs to serve it. What that costs the server's memory is measured by run-idle.ts.
 */
import { nowNs } from '../clock.js'
import { ConversationChannel, type ConversationOwner } from '../conversation-channel.js'
import { connect, connectAll } from '../dial.js'
import { prepareProtocol } from '../protocols/prepare.js'
import type { Recorder } from '../recorder.js'
import type { Job, Load } from './load.js'

/** Connections that are opened and asked at the same time. */
const TOGETHER = 64

export class Idle implements Load, ConversationOwner {
  readonly recorder: Recorder
  private channels: ConversationChannel[] = []
  /** Of the group that is being asked. */
  private unanswered = 0
  private settled: (() => void) | undefined = undefined
  private hasFailed = false
  private isClosing = false

  constructor(private readonly job: Job) {
    this.recorder = job.recorder
  }

  /** Rejects where a connection can't be made. One that is not answered as it should be is counted, and the last. */
  async open(): Promise<void> {
    const { loop, options, first, count } = this.job
    const conversations = await prepareProtocol(options)
    const open = (number: number) =>
      connect(loop, options, number, (...place) => {
        const channel = new ConversationChannel(...place, number, this, conversations, 1)
        this.channels.push(channel)
        return channel
      })
    // Who is answered has been accepted: so the queue of those that are not never overflows, which would cost a second.
    for (let done = 0; done < count && !this.hasFailed; done += TOGETHER) {
      await this.exchange(await connectAll(first + done, Math.min(TOGETHER, count - done), open))
    }
  }

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {
    this.isClosing = true
    for (const channel of this.channels) channel.end()
  }

  get verifiedBytes(): number {
    return this.channels.reduce((sum, channel) => sum + (channel.isLost ? 0 : channel.verifiedBytes), 0)
  }

  onReplied(): void {
    if (--this.unanswered === 0) this.settled?.()
  }

  onLost(_channel: ConversationChannel, kind?: string): void {
    if (this.isClosing) return
    if (kind === undefined) this.recorder.error('closed by the server')
    this.hasFailed = true
    this.settled?.()
  }

  private async exchange(channels: ConversationChannel[]): Promise<void> {
    this.unanswered = channels.length
    const settled = new Promise<void>((resolve) => {
      this.settled = resolve
    })
    const timer = setTimeout(() => {
      for (const channel of channels) if (channel.inFlight > 0) channel.lose('no answer')
    }, this.job.options.timeoutMs)
    for (const channel of channels) if (!channel.isLost) channel.send(nowNs())
    await settled
    clearTimeout(timer)
  }
}
