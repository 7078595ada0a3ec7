/** What `serve` can be told, with the defaults, checked once. */
import { availableParallelism } from 'node:os'
import type { ResourceLimits, WorkerOptions } from 'node:worker_threads'
import { checkInteger, checkObject, invalidArgType, outOfRange } from '@pollux/core'
import type { CloseOnSignalsOptions } from '../signals.js'
import type { WorkerGroup, WorkerInfo } from './worker-group.js'

const MAX_INT = 2 ** 31 - 1

/** More threads than this are a mistake. */
const MAX_WORKERS = 1024

/** How workers that ended by themselves are replaced. */
export interface RestartOptions {
  /** The delay before a worker is replaced that lived for less than ten seconds; others are replaced at once. Default 100. */
  minDelayMs?: number
  /** It doubles with each such end in a row, up to this. Default 2000. */
  maxDelayMs?: number
  /** After so many starts in a row that failed, all workers stop. Infinity: never. Default 5. */
  attempts?: number
}

/** Handlers of a group of workers. What they throw is an uncaughtException. */
export interface ServeHandlers {
  /** A worker is ready: one of the first, or a replacement. */
  workerReady?(worker: WorkerInfo): unknown
  /**
   * A worker ended by itself, and will be replaced; or it could not end in time. `error.cause` is what it threw.
   * Without this handler: a process warning (POLLUX_WORKER_EXIT).
   */
  workerExit?(worker: WorkerInfo, error: Error): unknown
  /** A worker can't be replaced, and all stop. Without this handler: an uncaughtException. */
  failed?(group: WorkerGroup, error: Error): unknown
}

/** What {@link serve} takes. */
export interface ServeOptions extends ServeHandlers {
  /** How many. Default 'auto': as many as the process may use cores. */
  workers?: number | 'auto'
  /** For each worker's context: whatever structured cloning takes. */
  data?: unknown
  /** Environment of the workers. Default: a copy of ours. */
  env?: WorkerOptions['env']
  /** Memory of each worker's JavaScript, as node:worker_threads has it. A worker that runs out of it is replaced. */
  resourceLimits?: ResourceLimits
  restart?: RestartOptions
  /** A worker that is not ready by then is ended, and counts as failed. Infinity: never. Default 60 000. */
  startTimeoutMs?: number
  /**
   * Has the group close, and the process exit, on SIGTERM and SIGINT: `closeOnSignals` with these options, or with
   * its defaults for `true`. Default false.
   */
  signals?: boolean | CloseOnSignalsOptions
  /** The deadline of `close`, where it is not told one. Default 10 000. */
  closeDeadlineMs?: number
}

export interface ResolvedServeOptions {
  app: string
  count: number
  data: unknown
  env: WorkerOptions['env']
  resourceLimits: ResourceLimits | undefined
  restart: Required<RestartOptions>
  startTimeoutMs: number
  signals: CloseOnSignalsOptions | undefined
  closeDeadlineMs: number
  handlers: ServeHandlers
}

/** @throws TypeError or RangeError that names the option */
export function resolveServeOptions(app: URL, options: ServeOptions): ResolvedServeOptions {
  if (!(app instanceof URL)) {
    throw invalidArgType('app', "an instance of URL, as new URL('./app.js', import.meta.url) is", app)
  }
  checkObject(options, 'options')
  for (const name of ['workerReady', 'workerExit', 'failed'] as const) {
    const handler: unknown = options[name]
    if (handler !== undefined && typeof handler !== 'function') {
      throw invalidArgType(name, 'of type function', handler)
    }
  }
  const { workers = 'auto', restart = {}, signals = false } = options
  checkObject(restart, 'restart')
  const minDelayMs = checkInteger(restart.minDelayMs ?? 100, 'restart.minDelayMs', 0, MAX_INT)
  return {
    app: app.href,
    count: workers === 'auto' ? availableParallelism() : checkInteger(workers, 'workers', 1, MAX_WORKERS),
    data: options.data,
    env: options.env,
    resourceLimits: options.resourceLimits,
    restart: {
      minDelayMs,
      maxDelayMs: checkInteger(
        restart.maxDelayMs ?? Math.max(2000, minDelayMs),
        'restart.maxDelayMs',
        minDelayMs,
        MAX_INT,
      ),
      attempts: checkLimit(restart.attempts ?? 5, 'restart.attempts', 1),
    },
    startTimeoutMs: checkLimit(options.startTimeoutMs ?? 60_000, 'startTimeoutMs', 1),
    signals: signals === false ? undefined : signals === true ? {} : checkSignals(signals),
    closeDeadlineMs: checkLimit(options.closeDeadlineMs ?? 10_000, 'closeDeadlineMs', 0),
    handlers: options,
  }
}

/** A number, or Infinity for none. */
export function checkLimit(value: unknown, name: string, min: number): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (!(value >= min)) throw outOfRange(name, `>= ${min}`, value)
  return value
}

function checkSignals(signals: unknown): CloseOnSignalsOptions {
  if (typeof signals === 'object' && signals !== null) return signals
  throw invalidArgType('signals', 'a boolean or an object', signals)
}
