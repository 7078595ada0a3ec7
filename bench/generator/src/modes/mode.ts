/** What a worker runs, and what it tells of it. */
import type { OpenConversation } from '../protocols/protocol.js'
import type { Destination } from '../sockets/stream.js'

/** Where a mode puts what it measures. The window that it falls into is the recorder's affair. */
export interface Recorder {
  /** So many messages were answered, with so many bytes received, of which so many were compared. */
  count(messages: number, bytes: number, verifiedBytes: number): void
  /** One of them took so long. */
  latency(ns: number): void
  /** Something failed in this way. */
  error(kind: string): void
}

/** What a mode needs to know. */
export interface ModeContext {
  destination: Destination
  /** Begins a conversation. */
  open: OpenConversation
  connections: number
  depth: number
  /** Messages (churn: connections) that shall begin in a second, at times fixed beforehand; undefined: a closed loop. */
  rate?: number
  /** An exchange that takes longer has failed. */
  timeoutMs: number
  recorder: Recorder
}

/** A load on a server, from the first connection to the last. */
export interface Mode {
  /** Resolves when the load runs; rejects where it can't. */
  start(): Promise<void>
  /** Begins nothing new, lets what is under way end (for `timeoutMs` at most), and closes everything. */
  stop(): Promise<void>
}

/** Nanoseconds of a monotonic clock. */
export function nowNs(): number {
  return performance.now() * 1e6
}
