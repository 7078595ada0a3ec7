/** Options of the socket below, which may be set before there is one. */
import { SocketTimeout } from './timeout.js'

/** What a connected socket does about its options when it is connected. */
export interface TcpOptions {
  noDelay: boolean
  keepAlive: boolean
  keepAliveDelaySeconds: number
  keepAliveIntervalSeconds: number | undefined
  keepAliveCount: number | undefined
}

/** With the options of TCP and IP that `net.Socket` has methods for. */
export abstract class SocketTcpOptions extends SocketTimeout {
  declare protected tcp: TcpOptions

  setNoDelay(enable?: boolean): this {
    const noDelay = enable === undefined ? true : Boolean(enable)
    if (this.wire !== null && !this.connecting && noDelay !== this.tcp.noDelay)
      this.setOption('noDelay', noDelay)
    this.tcp.noDelay = noDelay
    return this
  }

  setKeepAlive(
    enable?: boolean | { enable?: boolean; initialDelay?: number; interval?: number; count?: number },
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this {
    const given =
      typeof enable === 'object' && enable !== null ? enable : { enable, initialDelay, interval, count }
    const { tcp } = this
    tcp.keepAlive = Boolean(given.enable)
    tcp.keepAliveDelaySeconds = Math.trunc((given.initialDelay ?? 0) / 1000)
    tcp.keepAliveIntervalSeconds =
      given.interval === undefined ? undefined : Math.trunc(given.interval / 1000)
    tcp.keepAliveCount = given.count
    if (this.wire !== null && !this.connecting) this.applyKeepAlive()
    return this
  }

  /** Options that a server gives its connections. */
  configure(noDelay: boolean, keepAlive: boolean, keepAliveDelaySeconds: number): void {
    if (noDelay) {
      this.tcp.noDelay = true
      this.setOption('noDelay', true)
    }
    if (keepAlive) {
      this.tcp.keepAlive = true
      this.tcp.keepAliveDelaySeconds = keepAliveDelaySeconds
      this.applyKeepAlive()
    }
  }

  protected setOption(name: 'noDelay' | 'keepAlive', value: boolean): void {
    this.wire?.setOption(name, value)
  }

  protected applyKeepAlive(): void {
    const { keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount } = this.tcp
    this.wire?.setKeepAlive(keepAlive, keepAliveDelaySeconds, keepAliveIntervalSeconds, keepAliveCount)
  }
}
