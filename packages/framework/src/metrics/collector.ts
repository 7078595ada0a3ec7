/** What the metrics of one registry tell of: servers, and the loops that they run on. */
import type { EventLoop } from '@pollux/core'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { AnyServer } from '../server/server.js'
import {
  LAG_METRIC,
  LOOP_HISTOGRAMS,
  LOOP_METRICS,
  type LoopMetric,
  SERVER_METRICS,
  type ServerMetric,
} from './families.js'
import { LoopLag } from './loop-lag.js'
import { type Recorded, RecordedHistogram } from './recorded-histogram.js'

/** A loop, and how many of the servers run on it. */
interface ObservedLoop {
  readonly label: string
  servers: number
}

const collectors = new WeakMap<Registry, Collector>()

/** One for each registry. Servers are read when the registry is, and at no other time. */
export class Collector {
  private readonly registry: Registry
  private readonly servers = new Set<AnyServer>()
  private readonly loops = new Map<EventLoop, ObservedLoop>()
  private readonly lag = new LoopLag()

  /** That of the registry. */
  static of(registry: Registry): Collector {
    let collector = collectors.get(registry)
    if (collector === undefined) {
      collector = new Collector(registry)
      collectors.set(registry, collector)
    }
    return collector
  }

  private constructor(registry: Registry) {
    this.registry = registry
  }

  /**
   * Tells of a server from now on.
   *
   * @throws Error of prom-client when the registry has another metric by a name of ours
   */
  add(server: AnyServer): void {
    if (this.servers.has(server)) return
    // Each time: somebody may have cleared the registry.
    this.define()
    this.servers.add(server)
    const loop = this.loops.get(server.loop)
    if (loop !== undefined) loop.servers++
    else this.loops.set(server.loop, { label: this.freeLabel(), servers: 1 })
    this.lag.start()
  }

  /** Forgets a server, and its loop with the last one on it. */
  remove(server: AnyServer): void {
    if (!this.servers.delete(server)) return
    const loop = this.loops.get(server.loop)
    if (loop !== undefined && --loop.servers === 0) this.loops.delete(server.loop)
    if (this.servers.size === 0) this.lag.stop()
  }

  private freeLabel(): string {
    const taken = new Set([...this.loops.values()].map(({ label }) => label))
    let number = 1
    while (taken.has(String(number))) number++
    return String(number)
  }

  private define(): void {
    for (const metric of SERVER_METRICS) {
      this.defineOnce(metric.name, (registers) => this.serverMetric(metric, registers))
    }
    for (const metric of LOOP_METRICS) {
      this.defineOnce(metric.name, (registers) => this.loopMetric(metric, registers))
    }
    for (const { name, help, unit, read } of LOOP_HISTOGRAMS) {
      this.defineOnce(name, ([registry]) => {
        new RecordedHistogram(name, help, unit, () => this.recorded(read)).register(registry)
      })
    }
    this.defineOnce(LAG_METRIC.name, (registers) => this.lagMetric(registers))
  }

  private defineOnce(name: string, define: (registers: [Registry]) => void): void {
    const { registry } = this
    if (ours.get(registry.getSingleMetric(name) as object) === this) return
    define([registry])
    ours.set(registry.getSingleMetric(name) as object, this)
  }

  private serverMetric(metric: ServerMetric, registers: [Registry]): void {
    const { servers } = this
    define(metric, ['server', 'reason'], registers, (add) => {
      for (const server of servers) {
        const value = metric.read(server)
        if (typeof value === 'number') add({ server: server.name }, value)
        else for (const [reason, count] of value) add({ server: server.name, reason }, count)
      }
    })
  }

  private loopMetric(metric: LoopMetric, registers: [Registry]): void {
    const { loops } = this
    define(metric, ['loop'], registers, (add) => {
      for (const [loop, { label }] of loops) add({ loop: label }, metric.read(loop))
    })
  }

  private lagMetric(registers: [Registry]): void {
    const { lag, servers } = this
    new Gauge({
      ...LAG_METRIC,
      registers,
      labelNames: ['quantile'],
      // Of several threads the latest one is of interest.
      aggregator: 'max',
      collect() {
        this.reset()
        if (servers.size === 0) return
        const { p50, p90, p99, max } = lag.read()
        this.set({ quantile: '0.5' }, p50)
        this.set({ quantile: '0.9' }, p90)
        this.set({ quantile: '0.99' }, p99)
        this.set({ quantile: '1' }, max)
      },
    })
  }

  private *recorded(read: (loop: EventLoop) => Recorded['distribution']): Iterable<Recorded> {
    for (const [loop, { label }] of this.loops) yield { labels: { loop: label }, distribution: read(loop) }
  }
}

/** Which metric objects are whose: a name alone may be somebody else's. */
const ours = new WeakMap<object, Collector>()

type Add = (labels: Record<string, string>, value: number) => void

/** Servers of one name, and loops of one label, are added up. */
function define(
  { name, help, type }: ServerMetric | LoopMetric,
  labelNames: string[],
  registers: [Registry],
  collect: (add: Add) => void,
): void {
  const Metric = type === 'counter' ? Counter : Gauge
  new Metric({
    name,
    help,
    labelNames,
    registers,
    collect(this: Counter | Gauge) {
      this.reset()
      collect((labels, value) => this.inc(labels, value))
    },
  })
}
