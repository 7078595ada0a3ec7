/** Requests and replies on connections that stay open. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemError } from '@pollux/core'
import { nowNs } from '../clock.js'
import { ConversationChannel, type ConversationOwner } from '../conversation-channel.js'
import { connect, connectAll, startConnecting } from '../dial.js'
import { type Pace, paceOf } from '../pace.js'
import { prepareProtocol } from '../protocols/prepare.js'
import type { OpenConversation } from '../protocols/protocol.js'
import type { Recorder } from '../recorder.js'
import type { Job, Load } from './load.js'

/** How often it is looked for connections on which nothing comes. */
const LOOK_MS = 100

export class Requests implements Load, ConversationOwner {
  readonly recorder: Recorder
  onAllLost?: () => void
  private channels: ConversationChannel[] = []
  private readonly pace: Pace
  private conversations!: OpenConversation
  private lost = 0
  private isStopping = false
  private watch: NodeJS.Timeout | undefined

  constructor(private readonly job: Job) {
    const { options, recorder, first } = job
    this.recorder = recorder
    this.pace = paceOf(options, recorder, first)
  }

  async open(): Promise<void> {
    const { loop, options, first, count } = this.job
    this.conversations = await prepareProtocol(options)
    this.channels = await connectAll(first, count, (number) =>
      connect(loop, options, number, this.make(number)),
    )
  }

  start(startNs: number): void {
    this.pace.start(this.channels, startNs)
    this.watch = setInterval(() => this.giveUpOnSilence(), LOOK_MS)
  }

  async stop(): Promise<void> {
    this.isStopping = true
    this.pace.stop()
    // Those that are silent for too long are given up by the watch, so this ends.
    while (this.channels.some((channel) => !channel.isLost && channel.inFlight > 0)) await sleep(1)
  }

  close(): void {
    this.isStopping = true
    clearInterval(this.watch)
    for (const channel of this.channels) channel.end()
  }

  get verifiedBytes(): number {
    return this.channels.reduce((sum, channel) => sum + (channel.isLost ? 0 : channel.verifiedBytes), 0)
  }

  onReplied(channel: ConversationChannel): void {
    this.pace.replied(channel)
  }

  onLost(channel: ConversationChannel, kind?: string): void {
    if (this.isStopping) return
    // Servers of HTTP end a connection as they like; one that ends it without any reply would do so again.
    if (this.job.options.protocol === 'http' && channel.replies > 0) {
      this.replace(channel)
    } else {
      if (kind === undefined) this.recorder.error('closed by the server')
      this.loseForGood()
    }
  }

  private make(number: number) {
    const { depth } = this.job.options
    return (...place: [loop: ConversationChannel['loop'], slot: number, generation: number]) =>
      new ConversationChannel(...place, number, this, this.conversations, depth)
  }

  private replace({ number }: ConversationChannel): void {
    const { loop, options, first } = this.job
    let channel: ConversationChannel
    try {
      channel = startConnecting(loop, options, number, this.make(number))
    } catch (error) {
      this.recorder.error(`connect ${(error as { code?: string }).code}`)
      this.loseForGood()
      return
    }
    this.channels[number - first] = channel
    channel.settle = (errno) => {
      if (errno === 0) this.pace.replaced(channel)
      else channel.lose(`connect ${systemError(-Math.abs(errno), 'connect').code}`)
    }
  }

  private loseForGood(): void {
    this.lost++
    if (this.lost === this.job.count) this.onAllLost?.()
  }

  private giveUpOnSilence(): void {
    const longestNs = this.job.options.timeoutMs * 1e6
    const now = nowNs()
    for (const channel of this.channels) {
      if (channel.isLost || now - channel.silentSinceNs <= longestNs) continue
      if (channel.settle !== null) channel.lose('connect ETIMEDOUT')
      else if (channel.inFlight > 0) channel.lose('no answer')
    }
  }
}
