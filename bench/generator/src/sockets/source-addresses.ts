/**
 * Addresses all over 127.0.0.0/8 for connections to a server on this machine. A connection that is closed keeps its port
 * in TIME_WAIT for a minute, and one address has some 28,000 ports: at a few thousand connections a second they run out.
 */

const ADDRESSES = 16_000
const PER_NET = 250

/** Whether such addresses can reach the host. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host)
}

export class SourceAddresses {
  private number: number

  /** @param first where to begin: another place for each run, so that it does not meet the last one's TIME_WAIT */
  constructor(first = Math.floor(Math.random() * ADDRESSES)) {
    this.number = first % ADDRESSES
  }

  /** 127.1.0.1, 127.1.0.2, …; never one that ends in 0 or 255. */
  next(): string {
    const number = this.number
    this.number = (number + 1) % ADDRESSES
    const net = Math.floor(number / PER_NET)
    return `127.1.${net}.${1 + (number % PER_NET)}`
  }
}
