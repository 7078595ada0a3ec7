/**
 * The listening sockets of all workers, held by the main thread, so that none goes away with a worker.
 *
 * ```
 *   main thread:  one socket for each worker, bound to one port with SO_REUSEPORT      (TCP, Linux)
 *                 one socket for all of them                                           (everything else)
 *        │
 *        └─▶ each worker listens on a descriptor of its own for it (descriptor.ts)
 * ```
 *
 * A connection that waits in the queue of a worker which died is not reset: it waits for the worker that comes next.
 */
import { type ChannelSocket, EventLoop } from '@pollux/core'
import { bindTarget, type IpListenTarget, type SingleTarget } from '../../server/listen-target.js'
import { groupClosed } from './failures.js'

/** Elsewhere SO_REUSEPORT is missing, or gives all connections to one of the sockets. */
const SPREADS_CONNECTIONS = process.platform === 'linux'

/** One address, and the sockets that are bound to it: one, or one for each worker (undefined: released). */
interface Bound {
  /** How to bind one more; with the port that the system chose. Undefined where there is one for all. */
  again: IpListenTarget | undefined
  sockets: (ChannelSocket | undefined)[]
}

export class SharedSockets {
  private readonly count: number
  /** By key. A failure is forgotten, so that the next worker tries again. */
  private readonly bound = new Map<string, Promise<Bound>>()
  private closed = false

  /** @param count how many workers there are */
  constructor(count: number) {
    this.count = count
  }

  /**
   * The descriptor of the socket for that worker; it stays ours.
   *
   * @throws what `server.listen` throws
   */
  async descriptor(key: string, target: SingleTarget, index: number): Promise<number> {
    let binding = this.bound.get(key)
    if (binding === undefined) {
      binding = this.bind(target)
      this.bound.set(key, binding)
      binding.catch(() => this.bound.delete(key))
    }
    const { again, sockets } = await binding
    if (again === undefined) return fdOf(sockets[0])
    if (sockets[index] === undefined) {
      const socket = await bindTarget(again, EventLoop.default(), true)
      // Who came at the same time, and was quicker.
      if (sockets[index] !== undefined || this.closed) socket.close()
      else sockets[index] = socket
    }
    return fdOf(sockets[index])
  }

  /**
   * Nobody will listen for that worker for a while: what waits in its queue is reset, and the kernel gives its share of
   * new connections to the others.
   */
  release(index: number): void {
    for (const binding of this.bound.values()) {
      binding.then(
        ({ again, sockets }) => {
          // The last one keeps the port.
          if (again === undefined || sockets.filter((socket) => socket !== undefined).length === 1) return
          sockets[index]?.close()
          sockets[index] = undefined
        },
        () => {}, // whoever asked for it is told
      )
    }
  }

  /** Workers that listen go on; nobody else begins. */
  close(): void {
    this.closed = true
    for (const binding of this.bound.values()) binding.then(closeAll, () => {})
    this.bound.clear()
  }

  private async bind(target: SingleTarget): Promise<Bound> {
    const loop = EventLoop.default()
    const bound: Bound = { again: isSpread(target) ? { ...target, reusePort: true } : undefined, sockets: [] }
    try {
      const count = bound.again === undefined ? 1 : this.count
      while (bound.sockets.length < count) {
        const socket = await bindTarget(bound.again ?? target, loop, true)
        bound.sockets.push(socket)
        const address = socket.localAddress
        if (bound.again !== undefined && !('path' in address)) {
          bound.again.host = address.host
          bound.again.port = address.port
        }
      }
    } catch (error) {
      closeAll(bound)
      throw error
    }
    if (this.closed) closeAll(bound)
    return bound
  }
}

function isSpread(target: SingleTarget): target is IpListenTarget {
  return SPREADS_CONNECTIONS && !('fd' in target) && !('path' in target)
}

function fdOf(socket: ChannelSocket | undefined): number {
  if (socket === undefined) throw groupClosed()
  return socket.fd
}

function closeAll({ sockets }: Bound): void {
  for (const socket of sockets) socket?.close()
}
