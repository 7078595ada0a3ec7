/** Every metric: its name, what it means, and where it is read. Names follow the Prometheus conventions. */
import type { CounterName, Distribution, EventLoop } from '@pollux/core'
import type { AnyServer } from '../server/server.js'

/** A number of a server, or one for each reason. */
export interface ServerMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** A map is by reason, the value of the label `reason`. */
  read(server: AnyServer): number | ReadonlyMap<string, number>
}

/** A number of an event loop. */
export interface LoopMetric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  read(loop: EventLoop): number
}

/** A histogram of an event loop. */
export interface LoopHistogram {
  readonly name: string
  readonly help: string
  /** What bounds and sum are divided by: Prometheus counts in seconds. */
  readonly unit: number
  read(loop: EventLoop): Distribution
}

const MICROSECONDS = 1e6

function counter(name: string, help: string, read: ServerMetric['read']): ServerMetric {
  return { name, type: 'counter', help, read }
}

function gauge(name: string, help: string, read: ServerMetric['read']): ServerMetric {
  return { name, type: 'gauge', help, read }
}

function loopCounter(name: string, help: string, read: CounterName | LoopMetric['read']): LoopMetric {
  return { name, type: 'counter', help, read: reader(read) }
}

function loopGauge(name: string, help: string, read: CounterName): LoopMetric {
  return { name, type: 'gauge', help, read: reader(read) }
}

function reader(read: CounterName | LoopMetric['read']): LoopMetric['read'] {
  return typeof read === 'string' ? (loop) => loop.counter(read) : read
}

/** Label: `server`, its name; those by reason also have `reason`. */
export const SERVER_METRICS: readonly ServerMetric[] = [
  gauge('pollux_server_ready', '1 while the server listens and is not closing', (server) =>
    Number(server.isReady),
  ),
  gauge('pollux_connections_open', 'Connections that are open', (server) => server.connections),
  counter(
    'pollux_connections_accepted_total',
    'Connections that were accepted and not refused',
    ({ statistics }) => statistics.opened,
  ),
  counter(
    'pollux_connections_refused_total',
    'Connections that were refused before a handler saw them, by reason',
    ({ statistics }) => statistics.refused,
  ),
  counter(
    'pollux_connections_closed_total',
    'Connections that closed, by reason',
    ({ statistics }) => statistics.closed,
  ),
  counter('pollux_received_bytes_total', 'Bytes received', ({ statistics }) => statistics.bytesReceived),
  counter(
    'pollux_sent_bytes_total',
    'Bytes that the kernel took to send',
    ({ statistics }) => statistics.bytesSent,
  ),
  counter(
    'pollux_messages_received_total',
    'Messages that the codec decoded',
    ({ statistics }) => statistics.messagesReceived,
  ),
  counter(
    'pollux_messages_sent_total',
    'Messages that were encoded and written',
    ({ statistics }) => statistics.messagesSent,
  ),
  gauge(
    'pollux_queued_bytes',
    'Bytes that were written and wait for the kernel',
    ({ statistics }) => statistics.queuedBytes,
  ),
  counter(
    'pollux_high_watermark_crossings_total',
    'How often the queue of a connection reached its high watermark',
    ({ statistics }) => statistics.highWaterCrossings,
  ),
  counter(
    'pollux_drains_total',
    'How often such a queue fell to its low watermark again',
    ({ statistics }) => statistics.drains,
  ),
  counter(
    'pollux_dropped_bytes_total',
    'Bytes that were written and dropped, since the connection had closed or its queue was full',
    ({ statistics }) => statistics.droppedBytes,
  ),
  counter(
    'pollux_dropped_messages_total',
    'Messages that were dropped, since the queue of the connection was full',
    ({ statistics }) => statistics.droppedMessages,
  ),
  counter(
    'pollux_handler_errors_total',
    'Handlers that threw, or whose promise was rejected',
    ({ statistics }) => statistics.handlerErrors,
  ),
  counter(
    'pollux_codec_errors_total',
    'Connections whose bytes were no messages, or too long ones',
    ({ statistics }) => statistics.codecErrors,
  ),
  counter(
    'pollux_accept_pauses_total',
    'How often accepting paused for want of descriptors or memory',
    ({ statistics }) => statistics.acceptPauses,
  ),
  counter(
    'pollux_overloads_total',
    'How often the server became overloaded',
    ({ statistics }) => statistics.overloads,
  ),
  gauge(
    'pollux_overload_level',
    '0 not overloaded, 1 it does not read, 2 nor accept, 3 it sheds connections',
    ({ overloadLevel }) => overloadLevel,
  ),
]

/** Label: `loop`, a number of the loop in its thread, from 1 on. */
export const LOOP_METRICS: readonly LoopMetric[] = [
  loopCounter('pollux_loop_turns_total', 'Turns of the event loop', 'turns'),
  loopCounter('pollux_loop_rounds_total', 'Waits within turns that found something', 'rounds'),
  loopCounter('pollux_loop_dispatches_total', 'Calls into JavaScript', 'dispatches'),
  loopCounter('pollux_loop_events_total', 'Events that were dispatched', 'events'),
  loopGauge('pollux_loop_open_sockets', 'Sockets that are open, listeners included', 'openSockets'),
  loopGauge('pollux_loop_backlog_bytes', 'Bytes that wait for the kernel', 'backlogBytes'),
  loopCounter('pollux_loop_receives_total', 'Calls of recv(2)', 'receives'),
  loopCounter('pollux_loop_received_bytes_total', 'Bytes received by all sockets', 'bytesRead'),
  loopCounter('pollux_loop_sends_total', 'Calls of send(2) and sendmsg(2)', 'sends'),
  loopCounter('pollux_loop_short_sends_total', 'Sends that the kernel did not take whole', 'shortSends'),
  loopCounter('pollux_loop_sent_bytes_total', 'Bytes sent by all sockets', 'bytesWritten'),
  loopCounter('pollux_loop_spliced_bytes_total', 'Bytes that pipes moved within the kernel', 'bytesSpliced'),
  loopCounter('pollux_loop_file_bytes_total', 'Bytes of files that were sent', 'fileBytes'),
  loopCounter('pollux_loop_stale_events_total', 'Events for sockets that had closed', 'staleEvents'),
  loopCounter(
    'pollux_loop_rejected_submissions_total',
    'Operations on sockets that had closed, or that made no sense',
    'rejectedSubmissions',
  ),
  loopCounter('pollux_datagrams_received_total', 'Datagrams received', 'datagramsReceived'),
  loopCounter('pollux_datagrams_sent_total', 'Datagrams sent', 'datagramsSent'),
  loopCounter('pollux_datagrams_dropped_total', 'Datagrams that were never sent', 'datagramsDropped'),
  loopCounter('pollux_datagrams_truncated_total', 'Datagrams that were cut', 'datagramsTruncated'),
]

/** Label: `loop`. */
export const LOOP_HISTOGRAMS: readonly LoopHistogram[] = [
  {
    name: 'pollux_loop_turn_duration_seconds',
    help: 'How long turns took',
    unit: MICROSECONDS,
    read: (loop) => loop.turnDurationsUs(),
  },
  {
    name: 'pollux_loop_turn_events',
    help: 'How many events turns had',
    unit: 1,
    read: (loop) => loop.eventsPerTurn(),
  },
]

/** How late timers fire: the loop was busy meanwhile. No label but `quantile`. */
export const LAG_METRIC = {
  name: 'pollux_loop_lag_seconds',
  help: 'How late the event loop of this thread comes to its timers, since the last scrape',
} as const
