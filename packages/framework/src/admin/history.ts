/** What a few minutes looked like: one sample a second, so that a page which was just opened has something to show. */
import type { Distribution, EventLoop } from '@pollux/core'
import { CloseReason } from '../connection/close-reason.js'
import { LoopLag } from '../metrics/loop-lag.js'
import type { AnyServer } from '../server/server.js'
import { Births } from './births.js'
import { quantile, since } from './quantiles.js'

/** Of a server. What is not a state is for each second. */
export interface ServerSample {
  connections: number
  queuedBytes: number
  accepted: number
  closed: number
  refused: number
  receivedBytes: number
  sentBytes: number
  receivedMessages: number
  sentMessages: number
  crossings: number
  handlerErrors: number
  codecErrors: number
  networkErrors: number
}

/** Of the thread: its loops, and the process. */
export interface ProcessSample {
  /** For each second. */
  turns: number
  events: number
  /** Seconds; null where no turn was. */
  turnP50: number | null
  turnP99: number | null
  /** Seconds. */
  lagP50: number
  lagP99: number
  /** Cores that were busy. */
  cpu: number
  rssBytes: number
  heapBytes: number
}

/** One second. */
export interface Sample {
  /** Counts up. */
  number: number
  /** When it was taken, in milliseconds since 1970. */
  timeMs: number
  servers: Record<string, ServerSample>
  process: ProcessSample
}

/** What only grows, as it was when it was looked at. */
interface Totals {
  servers: Map<AnyServer, ServerSample>
  turnDurations: Map<EventLoop, Distribution>
  turns: number
  events: number
  cpuUs: number
  atMs: number
}

/** Samples that are kept: five minutes of them. */
const LENGTH = 300
export const INTERVAL_MS = 1000

export class History {
  /** When connections were opened, to the second. */
  readonly births: Births
  private readonly servers: readonly AnyServer[]
  private readonly lag = new LoopLag()
  private samples: Sample[] = []
  private next = 0
  private last: Totals
  private timer: NodeJS.Timeout | undefined = undefined

  constructor(servers: readonly AnyServer[]) {
    this.servers = servers
    this.births = new Births(performance.now())
    this.last = this.totals()
  }

  /** Takes samples until `stop`; does not keep the process alive. */
  start(): void {
    this.lag.start()
    this.last = this.totals()
    this.timer = setInterval(() => this.sample(), INTERVAL_MS).unref()
  }

  stop(): void {
    clearInterval(this.timer)
    this.lag.stop()
  }

  /** Those after that number, in order. */
  after(number: number): Sample[] {
    return this.samples.filter((sample) => sample.number > number)
  }

  private sample(): void {
    const before = this.last
    const now = this.totals()
    this.last = now
    const seconds = (now.atMs - before.atMs) / 1000
    const servers: Record<string, ServerSample> = {}
    for (const [server, totals] of now.servers) {
      const rates = ratesOf(totals, before.servers.get(server) ?? totals, seconds)
      const namesake = servers[server.name]
      servers[server.name] = namesake === undefined ? rates : added(namesake, rates)
    }
    this.samples.push({
      number: this.next++,
      timeMs: Date.now(),
      servers,
      process: this.processSample(before, now, seconds),
    })
    if (this.samples.length > LENGTH) this.samples.shift()
  }

  private processSample(before: Totals, now: Totals, seconds: number): ProcessSample {
    const turns = since(before.turnDurations, now.turnDurations)
    const { p50, p99 } = this.lag.read()
    const { rss, heapUsed } = process.memoryUsage()
    return {
      turns: (now.turns - before.turns) / seconds,
      events: (now.events - before.events) / seconds,
      turnP50: quantile(turns, 0.5),
      turnP99: quantile(turns, 0.99),
      lagP50: p50,
      lagP99: p99,
      cpu: (now.cpuUs - before.cpuUs) / 1e6 / seconds,
      rssBytes: rss,
      heapBytes: heapUsed,
    }
  }

  private totals(): Totals {
    const loops = new Set(this.servers.map(({ loop }) => loop))
    const { user, system } = process.cpuUsage()
    const atMs = performance.now()
    const totals: Totals = {
      servers: new Map(),
      turnDurations: new Map(),
      turns: 0,
      events: 0,
      cpuUs: user + system,
      atMs,
    }
    let newest = 0
    for (const server of this.servers) {
      totals.servers.set(server, totalsOf(server))
      for (const { id } of server.list()) newest = Math.max(newest, id)
    }
    this.births.note(newest, atMs)
    for (const loop of loops) {
      totals.turnDurations.set(loop, loop.turnDurationsUs())
      totals.turns += loop.counter('turns')
      totals.events += loop.counter('events')
    }
    return totals
  }
}

function totalsOf({ statistics, connections }: AnyServer): ServerSample {
  const { closed } = statistics
  return {
    connections,
    queuedBytes: statistics.queuedBytes,
    accepted: statistics.opened,
    closed: sum(closed),
    refused: sum(statistics.refused),
    receivedBytes: statistics.bytesReceived,
    sentBytes: statistics.bytesSent,
    receivedMessages: statistics.messagesReceived,
    sentMessages: statistics.messagesSent,
    crossings: statistics.highWaterCrossings,
    handlerErrors: statistics.handlerErrors,
    codecErrors: statistics.codecErrors,
    networkErrors: (closed.get(CloseReason.PEER_RESET) ?? 0) + (closed.get(CloseReason.NETWORK_ERROR) ?? 0),
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}

/** States, which are not for each second. */
const STATES: readonly (keyof ServerSample)[] = ['connections', 'queuedBytes']

function ratesOf(now: ServerSample, before: ServerSample, seconds: number): ServerSample {
  const rates = { ...now }
  for (const key of Object.keys(now) as (keyof ServerSample)[]) {
    if (!STATES.includes(key)) rates[key] = (now[key] - before[key]) / seconds
  }
  return rates
}

function added(a: ServerSample, b: ServerSample): ServerSample {
  const total = { ...a }
  for (const key of Object.keys(a) as (keyof ServerSample)[]) total[key] += b[key]
  return total
}
