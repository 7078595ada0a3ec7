/** What happens to servers and connections, on channels of node:diagnostics_channel. */
import { type Channel, channel } from 'node:diagnostics_channel'
import { checkBoolean, checkObject } from '@pollux/core'
import type { Plugin } from '../plugins/plugin.js'

/** Names of the channels, by hook. Each message is an object of what the hook is given, by name. */
export const CHANNELS = {
  /** `{ server, address }` */
  listening: 'pollux.server.listening',
  /** `{ server }` */
  closing: 'pollux.server.closing',
  /** `{ server }` */
  closed: 'pollux.server.closed',
  /** `{ server, error, retryMs }` */
  acceptPaused: 'pollux.server.acceptPaused',
  /** `{ server }` */
  acceptResumed: 'pollux.server.acceptResumed',
  /** `{ server, level }` */
  overload: 'pollux.server.overload',
  /** `{ server, reason, address }` */
  refused: 'pollux.connection.refused',
  /** `{ connection }` */
  open: 'pollux.connection.open',
  /** `{ connection, message }` */
  message: 'pollux.connection.message',
  /** `{ connection, above }` */
  watermark: 'pollux.connection.watermark',
  /** `{ connection, error }` */
  error: 'pollux.connection.error',
  /** `{ connection, reason, error }` */
  close: 'pollux.connection.close',
} as const

/** Options of {@link diagnostics}. */
export interface DiagnosticsOptions {
  /** Whether messages are published too, which is a call for each of them. Default false. */
  messages?: boolean
}

/**
 * Publishes what happens on the {@link CHANNELS} of node:diagnostics_channel, where tracers and debuggers subscribe. Where
 * nobody does, an event costs one comparison.
 *
 * Subscribers run where the event happens, before the handler, and must not keep it waiting. What one throws is an
 * uncaughtException, as Node.js has it.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import { CHANNELS, createServer, diagnostics } from '@pollux/framework'
 *
 * subscribe(CHANNELS.close, ({ connection, reason }) => console.log(connection.id, reason))
 * const server = createServer({ plugins: [diagnostics()], data: (conn, chunk) => conn.write(chunk) })
 * ```
 */
export function diagnostics(options: DiagnosticsOptions = {}): Plugin {
  checkObject(options, 'options')
  const messages = checkBoolean(options.messages ?? false, 'messages')
  const channels = Object.fromEntries(
    Object.entries(CHANNELS).map(([hook, name]) => [hook, channel(name)]),
  ) as Record<keyof typeof CHANNELS, Channel>
  const { listening, closing, closed, acceptPaused, acceptResumed, overload } = channels
  const { refused, open, message, watermark, error, close } = channels
  return {
    name: 'diagnostics',
    listening(server, address) {
      if (listening.hasSubscribers) listening.publish({ server, address })
    },
    closing(server) {
      if (closing.hasSubscribers) closing.publish({ server })
    },
    closed(server) {
      if (closed.hasSubscribers) closed.publish({ server })
    },
    acceptPaused(server, error, retryMs) {
      if (acceptPaused.hasSubscribers) acceptPaused.publish({ server, error, retryMs })
    },
    acceptResumed(server) {
      if (acceptResumed.hasSubscribers) acceptResumed.publish({ server })
    },
    overload(server, level) {
      if (overload.hasSubscribers) overload.publish({ server, level })
    },
    refused(server, reason, address) {
      if (refused.hasSubscribers) refused.publish({ server, reason, address })
    },
    open(connection) {
      if (open.hasSubscribers) open.publish({ connection })
    },
    watermark(connection, above) {
      if (watermark.hasSubscribers) watermark.publish({ connection, above })
    },
    error(connection, failure) {
      if (error.hasSubscribers) error.publish({ connection, error: failure })
    },
    close(connection, reason, failure) {
      if (close.hasSubscribers) close.publish({ connection, reason, error: failure })
    },
    ...(messages
      ? {
          message(connection, received) {
            if (message.hasSubscribers) message.publish({ connection, message: received })
          },
        }
      : {}),
  } satisfies Plugin
}
