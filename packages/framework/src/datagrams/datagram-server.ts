/** A datagram server: sockets, one set of handlers for them, and an orderly end. */
import {
  checkObject,
  checkPort,
  type DatagramOptions,
  type EventLoop,
  raiseUncaught,
  resolveEndpoint,
  type SocketAddress,
  type SocketError,
} from '@pollux/core'
import { serverClosed } from '../failures.js'
import { closeDeadline, type Deadline } from '../running/close-deadline.js'
import type { Statistics } from '../server/statistics.js'
import type { DatagramServerInit } from './datagram-handlers.js'
import { DatagramSettings } from './datagram-settings.js'
import { DatagramSocket, type DatagramSocketOwner } from './datagram-socket.js'

/** A UDP port. */
export interface IpDatagramTarget {
  /** An address or a name, of which the first address is taken. Default '::', every interface, IPv4 included. */
  host?: string
  /** 0: the system chooses one. */
  port: number
  /** With an IPv6 address: take nothing of IPv4. Default false. */
  ipv6Only?: boolean
  /** SO_REUSEPORT: several sockets share the port, and the kernel spreads senders over them. Default false. */
  reusePort?: boolean
  /** SO_REUSEADDR, for multicast. Default false. */
  reuseAddress?: boolean
}

/** A Unix datagram socket: a path, which is unlinked when the server closes, or `'\0name'` (unix(7)). */
export interface UnixDatagramTarget {
  path: string
}

/** What `listen` of a datagram server takes. */
export type DatagramTarget = IpDatagramTarget | UnixDatagramTarget

const ANY_IPV6 = '::'
const ANY_IPV4 = '0.0.0.0'

/** Options that the channel has under the same name. */
const CHANNEL_OPTIONS = [
  'maxDatagramBytes',
  'maxQueuedBytes',
  'gro',
  'gso',
  'receiveBufferBytes',
  'sendBufferBytes',
] as const

/** A datagram server. Made by {@link createDatagramServer}. */
export class DatagramServer<State = unknown, In = Buffer, Out = Uint8Array>
  implements DatagramSocketOwner<State, In, Out>
{
  /** The event loop that it runs on. */
  readonly loop: EventLoop
  /** What metrics and logs call it. */
  readonly name: string
  /** Itself, as the server of its sockets. */
  readonly server: DatagramServer<State, In, Out> = this
  private readonly settings: DatagramSettings<State, In, Out>
  private readonly open: DatagramSocket<State, In, Out>[] = []
  private isClosing = false
  private referenced = true
  private readonly closing: Deadline

  /** Internal: use {@link createDatagramServer}. */
  constructor(init: DatagramServerInit<State, In, Out>) {
    this.settings = new DatagramSettings(init, () => this.open)
    this.loop = this.settings.loop
    this.name = this.settings.name
    this.closing = closeDeadline(() => {
      for (const { channel } of this.open) channel.destroy()
    })
  }

  /** Its sockets, one for each address, to send with outside of handlers. */
  get sockets(): readonly DatagramSocket<State, In, Out>[] {
    return [...this.open]
  }

  /** Where it receives: the first address, undefined before `listen` and after `close`. */
  get address(): SocketAddress | undefined {
    return this.open[0]?.address
  }

  /** Every address that it receives on. */
  get addresses(): SocketAddress[] {
    return this.open.map(({ address }) => address)
  }

  /** Whether it receives and is not closing. */
  get isReady(): boolean {
    return this.open.length > 0 && !this.isClosing
  }

  /**
   * What has happened so far: messages and bytes both ways, `codecErrors`, `handlerErrors`, and `droppedMessages` for datagrams
   * that were never sent. `opened` and `closed` count sockets. What the kernel dropped because nobody read, it does not tell.
   */
  get statistics(): Statistics {
    return this.settings.statistics
  }

  /**
   * Receives on an address; may be called for several. The handlers are called from the next turn of the loop on.
   *
   * @returns the address, with the port that the system chose for port 0
   * @throws SocketError (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND, …), ERR_POLLUX_SERVER_CLOSED; TypeError or
   *   RangeError for a bad target or option; what `state` throws
   */
  async listen(target: DatagramTarget): Promise<SocketAddress> {
    this.checkNotClosed()
    checkObject(target, 'target')
    const socket = await this.openSocket(target)
    this.open.push(socket)
    this.settings.statistics.opened++
    if (!this.referenced) socket.channel.unref()
    try {
      this.settings.self.listening?.(this, socket.address)
    } catch (error) {
      // It receives all the same.
      raiseUncaught(error)
    }
    return socket.address
  }

  /**
   * Receives no more, sends what waits, and closes; what still waits at the deadline is dropped. May be called again, to
   * bring the deadline forward.
   *
   * @param options.deadlineMs 0: at once; Infinity: never. Default 10 000.
   * @returns a promise that is kept when all sockets are closed
   */
  close(options: { deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options
    this.closing.check(deadlineMs)
    this.isClosing = true
    for (const { channel } of this.open) channel.close()
    if (!this.finishClosing()) this.closing.begin(deadlineMs)
    return this.closing.promise
  }

  /** `await using server = createDatagramServer(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Keeps the process alive while it receives (the default). */
  ref(): this {
    this.referenced = true
    for (const { channel } of this.open) channel.ref()
    return this
  }

  /** Lets the process end although it receives. */
  unref(): this {
    this.referenced = false
    for (const { channel } of this.open) channel.unref()
    return this
  }

  // From here on: called by its sockets.

  /** Internal: a socket broke. */
  socketFailed(error: SocketError): void {
    const { failed } = this.settings.self
    if (failed === undefined) raiseUncaught(error)
    else failed.call(this.settings.self, this, error)
  }

  /** Internal: its fd is closed. */
  socketClosed(socket: DatagramSocket<State, In, Out>): void {
    const index = this.open.indexOf(socket)
    if (index >= 0) this.open.splice(index, 1)
    this.finishClosing()
  }

  private async openSocket(target: DatagramTarget): Promise<DatagramSocket<State, In, Out>> {
    if ('path' in target) {
      const [bind] = await resolveEndpoint(target)
      return this.bind(bind, {})
    }
    const { ipv6Only = false, reusePort = false, reuseAddress = false } = target
    const options = { reusePort, reuseAddress }
    if (target.host !== undefined) {
      const [bind] = await resolveEndpoint({ host: target.host, port: target.port })
      return this.bind(bind, bind.family === 'IPv6' ? { ...options, ipv6Only } : options)
    }
    const port = checkPort(target.port)
    try {
      return this.bind({ family: 'IPv6', host: ANY_IPV6, port }, { ...options, ipv6Only })
    } catch (error) {
      const { code } = error as SocketError
      if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error
      return this.bind({ family: 'IPv4', host: ANY_IPV4, port }, options)
    }
  }

  private bind(bind: SocketAddress, socketOptions: DatagramOptions): DatagramSocket<State, In, Out> {
    this.checkNotClosed()
    const { settings } = this
    const options: DatagramOptions = { ...socketOptions, bind, loop: this.loop }
    for (const name of CHANNEL_OPTIONS) {
      const value = settings.self[name]
      if (value !== undefined) Object.assign(options, { [name]: value })
    }
    return new DatagramSocket(options, settings, this)
  }

  private checkNotClosed(): void {
    if (this.isClosing) throw serverClosed()
  }

  private finishClosing(): boolean {
    if (!this.isClosing || this.open.length > 0) return false
    this.closing.finish()
    return true
  }
}

/**
 * Makes a datagram server of handlers and options. It does nothing before `listen`.
 *
 * @throws TypeError or RangeError that names the handler or option
 *
 * @example
 * ```ts
 * import { createDatagramServer } from '@pollux/framework'
 *
 * const server = createDatagramServer({
 *   message(socket, data) {
 *     console.log(`${data.length} bytes from`, socket.sender)
 *     socket.reply(data)
 *   },
 * })
 * await server.listen({ host: '127.0.0.1', port: 7000 })
 * ```
 */
export function createDatagramServer<State = unknown, In = Buffer, Out = Uint8Array>(
  init: DatagramServerInit<State, In, Out>,
): DatagramServer<State, In, Out> {
  return new DatagramServer(init)
}
