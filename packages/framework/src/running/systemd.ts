/** Sockets that the service manager has opened for this process: sd_listen_fds(3), systemd.socket(5). */
import { inheritedSockets, invalidArgValue, SOCK_STREAM, SocketError } from '@pollux/core'

/** A listening stream socket of the service manager: what `server.listen` takes, and the name that its unit gives it. */
export interface SystemdListenTarget {
  fd: number
  /** FileDescriptorName= of the socket unit; 'unknown' without one. */
  name: string
}

/** Taken over from the environment, and not handed out yet. */
const waiting: SystemdListenTarget[] = []

/**
 * The stream sockets that systemd passed to this process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), each of them once: who
 * gets one owns its descriptor, and passes it to `server.listen`. The environment variables are removed, so that no child
 * takes the sockets for its own. Empty where there are none.
 *
 * `server.listen({ systemd: true })` does both.
 *
 * @param name only those of that name; the others stay for a later call
 * @throws SocketError EINVAL (a variable makes no sense), ENOTSOCK, EBADF
 *
 * @example
 * ```ts
 * import { listenTargetsFromSystemd } from '@pollux/framework'
 *
 * const targets = listenTargetsFromSystemd()
 * for (const target of targets) await server.listen(target)
 * if (targets.length === 0) await server.listen({ host: '127.0.0.1', port: 7000 })
 * ```
 */
export function listenTargetsFromSystemd(name?: string): SystemdListenTarget[] {
  takeOver()
  const wanted = waiting.filter((target) => name === undefined || target.name === name)
  for (const target of wanted) waiting.splice(waiting.indexOf(target), 1)
  return wanted
}

/**
 * The sockets that `listen({ systemd })` means: all of them, or those of a name.
 *
 * @throws SocketError ENOENT: there are none
 */
export function systemdTargets(which: true | string): SystemdListenTarget[] {
  if (which !== true && (typeof which !== 'string' || which === '')) {
    throw invalidArgValue('systemd', 'must be true, or the name of a socket (FileDescriptorName=)', which)
  }
  const targets = listenTargetsFromSystemd(which === true ? undefined : which)
  if (targets.length > 0) return targets
  const whose = which === true ? '' : ` named '${which}'`
  throw new SocketError(
    `systemd passed no stream socket${whose} that is not in use yet; is the service started by a socket unit?`,
    { code: 'ENOENT', syscall: 'sd_listen_fds' },
  )
}

function takeOver(): void {
  for (const { name, socket } of inheritedSockets()) {
    // Datagram sockets are not ours to serve; they stay open, with the number that they came with.
    const isStream = socket.type === SOCK_STREAM
    const fd = socket.detach()
    if (isStream) waiting.push({ fd, name })
  }
}
