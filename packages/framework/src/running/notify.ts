/** What a service tells systemd of its state: sd_notify(3). */
import { AF_UNIX, invalidArgValue, SOCK_DGRAM, socket, WOULD_BLOCK } from '@pollux/core'
import type { Plugin } from '../plugins/plugin.js'

/**
 * Sends `state` to the service manager, if it asked for that (NOTIFY_SOCKET; `Type=notify` of systemd.service(5)). At
 * once and in one datagram, so that it also arrives when the process ends next.
 *
 * @param state one or more assignments, a line each: 'READY=1', 'STOPPING=1', 'STATUS=42 connections', 'WATCHDOG=1'
 * @returns false where nobody asked for it, or nobody could take it now
 * @throws TypeError; SocketError if the socket that NOTIFY_SOCKET names is not there
 *
 * @example
 * ```ts
 * import { notifySystemd } from '@pollux/framework'
 *
 * notifySystemd('READY=1\nSTATUS=warm')
 * ```
 */
export function notifySystemd(state: string): boolean {
  if (typeof state !== 'string' || !/^[A-Z_]+=/.test(state)) {
    throw invalidArgValue('state', "must be assignments such as 'READY=1'", state)
  }
  const name = process.env.NOTIFY_SOCKET
  // Anything else than a path or an abstract name (vsock:) is for virtual machines.
  if (name === undefined || !/^[/@]/.test(name)) return false
  using sender = socket(AF_UNIX, SOCK_DGRAM)
  const path = name.startsWith('@') ? `\0${name.slice(1)}` : name
  return sender.trySendto(Buffer.from(state), 0, { path }) !== WOULD_BLOCK
}

/**
 * A plugin that tells systemd how the server is: READY=1 once it listens, STOPPING=1 when it closes. Without
 * NOTIFY_SOCKET it does nothing.
 *
 * @example
 * ```ts
 * import { createServer, systemdNotify } from '@pollux/framework'
 *
 * const server = createServer({ plugins: [systemdNotify()], data: (conn, chunk) => conn.write(chunk) })
 * ```
 */
export function systemdNotify(): Plugin {
  let isReady = false
  return {
    name: 'systemd-notify',
    listening() {
      if (isReady) return
      isReady = true
      notifySystemd('READY=1')
    },
    closing() {
      notifySystemd('STOPPING=1')
    },
  }
}
