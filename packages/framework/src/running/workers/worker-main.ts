/** What runs in each worker thread: starts the app, and does what the main thread says. */
import { workerData } from 'node:worker_threads'
import { invalidArgType, type SocketAddress } from '@pollux/core'
import type { SingleTarget } from '../../server/listen-target.js'
import type { AnyServer } from '../../server/server.js'
import type { MetricsSource, WorkerApp, WorkerContext } from './context.js'
import { duplicate } from './descriptor.js'
import { type FromWorker, fromPlainError, type ToWorker, toPlainError, type WorkerStart } from './messages.js'

const { app, index, count, data, port }: WorkerStart = workerData

const servers = new Set<AnyServer>()
let registry: MetricsSource | undefined
let stop: unknown
/** Of which there may be several for one target: port 0 twice is two ports. */
const listens = new Map<string, number>()
const asked = new Map<number, { resolve(fd: number): void; reject(error: Error): void }>()
let lastId = 0

/** The id of metrics that nobody waits for. */
const UNASKED = 0

const context: WorkerContext = {
  index,
  count,
  data,
  listen,
  useRegistry(source) {
    registry = source
  },
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'shared') answer(message.id)?.resolve(message.fd)
  else if (message.type === 'notShared') answer(message.id)?.reject(fromPlainError(message.error))
  else if (message.type === 'metrics') void sendMetrics(message.id)
  else if (message.type === 'withdraw') for (const server of servers) server.withdraw()
  else void close(message.deadlineMs, message.wantsMetrics)
})

const start: unknown = (await import(app)).default
if (typeof start !== 'function') throw invalidArgType(`the default export of ${app}`, 'a function', start)
stop = await (start as WorkerApp)(context)
tell({ type: 'ready', addresses: [...servers].flatMap((server) => server.addresses) })

function tell(message: FromWorker): void {
  port.postMessage(message)
}

async function listen(server: AnyServer, target: SingleTarget): Promise<SocketAddress> {
  const text = JSON.stringify(target)
  const nth = (listens.get(text) ?? 0) + 1
  listens.set(text, nth)
  const id = ++lastId
  const fd = await new Promise<number>((resolve, reject) => {
    asked.set(id, { resolve, reject })
    tell({ type: 'listen', id, key: `${nth} ${text}`, target })
  })
  servers.add(server)
  return server.listen({ backlog: target.backlog, fd: duplicate(fd) })
}

function answer(id: number) {
  const waiting = asked.get(id)
  asked.delete(id)
  return waiting
}

async function sendMetrics(id: number): Promise<void> {
  try {
    const source = registry ?? (await import('prom-client')).register
    tell({ type: 'metrics', id, metrics: await source.getMetricsAsJSON() })
  } catch (error) {
    // Of a metric of the app's: whoever asked is told, and the worker goes on.
    tell({ type: 'noMetrics', id, error: toPlainError(error) })
  }
}

let closing = false

/** A second call brings the deadline forward. */
async function close(deadlineMs: number, wantsMetrics: boolean): Promise<void> {
  // What it has counted is told now: closed servers are forgotten by their metrics.
  if (wantsMetrics && !closing) await sendMetrics(UNASKED)
  const closed = Promise.all([...servers].map((server) => server.close({ deadlineMs })))
  if (closing) return
  closing = true
  await closed
  if (typeof stop === 'function') await stop()
  // Timers of the app's do not keep it alive.
  process.exit(0)
}
