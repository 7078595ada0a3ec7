/** Requests and replies as datagrams, which may get lost: what has not come back in time makes room for another. */
import { setTimeout as sleep } from 'node:timers/promises'
import { nowNs } from '../clock.js'
import { type DatagramOwner, DatagramPeer } from '../datagram-peer.js'
import { type Pace, paceOf } from '../pace.js'
import { prepareProtocol } from '../protocols/prepare.js'
import type { Recorder } from '../recorder.js'
import type { Job, Load } from './load.js'

/** How often it is looked for what was lost, at least; more often where the time limit is shorter. */
const LOOK_MS = 50

export class Datagrams implements Load, DatagramOwner {
  readonly recorder: Recorder
  private readonly peers: DatagramPeer[] = []
  private readonly pace: Pace
  private isRunning = false
  private watch: NodeJS.Timeout | undefined

  constructor(private readonly job: Job) {
    const { options, recorder, first } = job
    this.recorder = recorder
    this.pace = paceOf(options, recorder, first)
  }

  /** Rejects where the target's port is closed. A target that says nothing may be one that loses. */
  async open(): Promise<void> {
    const { loop, options, first, count } = this.job
    const conversations = await prepareProtocol(options)
    for (let i = 0; i < count; i++) {
      this.peers.push(new DatagramPeer(loop, options.endpoint, first + i, this, conversations))
    }
    await (this.peers[0] as DatagramPeer).probe(options.timeoutMs)
  }

  start(startNs: number): void {
    this.isRunning = true
    this.pace.start(this.peers, startNs)
    const { timeoutMs } = this.job.options
    this.watch = setInterval(() => this.look(), Math.min(LOOK_MS, Math.ceil(timeoutMs / 2)))
  }

  async stop(): Promise<void> {
    this.isRunning = false
    this.pace.stop()
    // What does not come is given up by the watch, so this ends.
    while (this.peers.some((peer) => peer.inFlight > 0)) await sleep(1)
  }

  close(): void {
    clearInterval(this.watch)
    for (const peer of this.peers) peer.close()
  }

  get verifiedBytes(): number {
    return this.peers.reduce((sum, peer) => sum + (peer.isLost ? 0 : peer.verifiedBytes), 0)
  }

  onSettled(peer: DatagramPeer): void {
    if (this.isRunning) this.pace.replied(peer)
  }

  private look(): void {
    const now = nowNs()
    this.recorder.nowNs = now
    for (const peer of this.peers) peer.giveUp(now - this.job.options.timeoutMs * 1e6)
  }
}
