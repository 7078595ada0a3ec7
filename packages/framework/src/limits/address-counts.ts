/** How many connections each address has. Bounded by the connections themselves: who has none is not remembered. */
import type { SocketAddress } from '@pollux/core'
import { addressKey, hostOf } from './address-key.js'

export class AddressCounts {
  private readonly counts = new Map<string, number>()
  /** Which key the connection in a slot is counted under: looked up once, not again at the close. */
  private readonly keys: (string | undefined)[] = []

  constructor(
    private readonly most: number,
    private readonly ipv6PrefixBits: number,
  ) {}

  /** How many addresses (of IPv6, networks) have a connection. */
  get size(): number {
    return this.counts.size
  }

  /** Counts a connection; false, and it is not counted, if its address has as many as it may. */
  add(slot: number, address: SocketAddress | undefined): boolean {
    const host = hostOf(address)
    if (host === undefined) return true
    const key = addressKey(host, this.ipv6PrefixBits)
    const count = this.counts.get(key) ?? 0
    if (count >= this.most) return false
    this.counts.set(key, count + 1)
    while (this.keys.length <= slot) this.keys.push(undefined)
    this.keys[slot] = key
    return true
  }

  /** The connection in this slot has closed. Nothing happens where it was not counted. */
  remove(slot: number): void {
    const key = this.keys[slot]
    if (key === undefined) return
    this.keys[slot] = undefined
    const count = this.counts.get(key) ?? 0
    if (count > 1) this.counts.set(key, count - 1)
    else this.counts.delete(key)
  }
}
