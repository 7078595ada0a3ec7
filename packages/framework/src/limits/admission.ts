/** Who may connect: how many, from where, and how fast. */
import type { BlockList } from 'node:net'
import type { SocketAddress } from '@pollux/core'
import type { AnyConnection } from '../connection/connection.js'
import type { AddressCounts } from './address-counts.js'
import { hostOf } from './address-key.js'
import { isListed } from './address-list.js'
import { FULL, type Rate } from './rate.js'

/** Why a connection was refused, as `statistics.refused` counts it. */
export const RefuseReason = {
  /** There are `maxConnections` already. */
  MAX_CONNECTIONS: 'max_connections',
  /** Its address has `maxConnectionsPerAddress` already. */
  MAX_CONNECTIONS_PER_ADDRESS: 'max_connections_per_address',
  /** More than `acceptsPerSecond` came. */
  ACCEPT_RATE: 'accept_rate',
  /** It is on the list `deny`. */
  DENIED: 'denied',
  /** It is not on the list `allow`. */
  NOT_ALLOWED: 'not_allowed',
} as const

export interface AdmissionRules {
  readonly maxConnections: number
  readonly counts: AddressCounts | null
  readonly accepts: Rate | null
  readonly allow: BlockList | null
  readonly deny: BlockList | null
}

/**
 * Asked in the order of what an answer costs: a flood meets a comparison of two numbers first, and its addresses are
 * looked at only where they matter.
 */
export class Admission {
  private accepts = FULL
  /** By slot. */
  private readonly admitted: boolean[] = []
  private open = 0
  private latest: AnyConnection | undefined = undefined

  constructor(
    private readonly rules: AdmissionRules,
    private readonly clock: () => number,
  ) {}

  /** How many it has let in, of those that are still open. */
  get connections(): number {
    return this.open
  }

  /** Why the connection may not come in; undefined if it may, and is counted from now on. */
  refusal(connection: AnyConnection): string | undefined {
    const { maxConnections, counts, accepts, allow, deny } = this.rules
    const { slot } = connection
    this.left(slot)
    if (this.open >= maxConnections) return RefuseReason.MAX_CONNECTIONS
    if (allow !== null || deny !== null || counts !== null) {
      const address = connection.remoteAddress
      const refusal = this.addressRefusal(address)
      if (refusal !== undefined) return refusal
      if (counts !== null && !counts.add(slot, address)) return RefuseReason.MAX_CONNECTIONS_PER_ADDRESS
    }
    if (accepts !== null && !this.takeAccept(accepts)) {
      counts?.remove(slot)
      return RefuseReason.ACCEPT_RATE
    }
    this.admitted[slot] = true
    this.open++
    this.latest = connection
    return undefined
  }

  /** Some connection was refused: perhaps the one that was just let in, by another plugin. */
  refusedByOthers(): void {
    const { latest } = this
    if (latest !== undefined && latest.readyState === 'closed') this.left(latest.slot)
    this.latest = undefined
  }

  /** The connection in this slot has closed, or never will be open. */
  left(slot: number): void {
    if (this.admitted[slot] !== true) return
    this.admitted[slot] = false
    this.open--
    this.rules.counts?.remove(slot)
  }

  private addressRefusal(address: SocketAddress | undefined): string | undefined {
    const { allow, deny } = this.rules
    const host = hostOf(address)
    if (host === undefined) {
      // A Unix socket has permissions of its own; who can not be named is on no list.
      return allow !== null && address === undefined ? RefuseReason.NOT_ALLOWED : undefined
    }
    if (deny !== null && isListed(deny, host)) return RefuseReason.DENIED
    if (allow !== null && !isListed(allow, host)) return RefuseReason.NOT_ALLOWED
    return undefined
  }

  private takeAccept(rate: Rate): boolean {
    const nowMs = this.clock()
    if (!rate.has(this.accepts, nowMs, 1)) return false
    this.accepts = rate.take(this.accepts, nowMs, 1)
    return true
  }
}
