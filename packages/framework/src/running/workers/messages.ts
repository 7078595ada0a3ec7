/** What the main thread and a worker say to each other, over a port of their own: `parentPort` stays the app's. */
import type { MessagePort } from 'node:worker_threads'
import { type SocketAddress, SocketError, type SocketErrorDetails } from '@pollux/core'
import type { Registry } from 'prom-client'
import type { SingleTarget } from '../../server/listen-target.js'

/** All metrics of a registry, as prom-client sends them from process to process. */
export type Metrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** What a worker is started with: its `workerData`. */
export interface WorkerStart {
  /** The app's module. */
  app: string
  index: number
  count: number
  /** The user's. */
  data: unknown
  port: MessagePort
}

export type ToWorker =
  /** The answer to `listen`: a socket of the main thread's, of which the worker makes a descriptor of its own. */
  | { type: 'shared'; id: number; fd: number }
  | { type: 'notShared'; id: number; error: PlainError }
  | { type: 'metrics'; id: number }
  /** It is no longer ready, and goes on all the same. */
  | { type: 'withdraw' }
  /** Stop listening, let the connections finish until the deadline, and end. Again: a nearer deadline. */
  | { type: 'close'; deadlineMs: number; wantsMetrics: boolean }

export type FromWorker =
  /** `key` is the same in all workers that mean the same address. */
  | { type: 'listen'; id: number; key: string; target: SingleTarget }
  /** The app has started. */
  | { type: 'ready'; addresses: SocketAddress[] }
  | { type: 'metrics'; id: number; metrics: Metrics }
  | { type: 'noMetrics'; id: number; error: PlainError }

/** An error without its class, which structured cloning takes away. */
export interface PlainError extends SocketErrorDetails {
  name: string
  message: string
}

export function toPlainError(error: unknown): PlainError {
  const { name, message, code, errno, syscall, address, port } = error as SocketError
  return { name, message, code, errno, syscall, address, port }
}

export function fromPlainError({ name, message, ...details }: PlainError): Error {
  if (name === 'TypeError') return Object.assign(new TypeError(message), { code: details.code })
  if (name === 'RangeError') return Object.assign(new RangeError(message), { code: details.code })
  return new SocketError(message, details)
}
