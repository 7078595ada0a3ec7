/** The bodies that came first, by key: what the others are compared with. */

/** Bounded: with many keys and large bodies some stay unverified. */
const MAX_BYTES = 64 * 1024 * 1024

export class KnownBodies {
  /** No more can be remembered. */
  full = false
  private readonly bodies = new Map<number, Buffer>()
  private bytes = 0

  of(key: number): Buffer | undefined {
    return this.bodies.get(key)
  }

  remember(key: number, body: Buffer): void {
    if (this.full) return
    this.bytes += body.length
    this.bodies.set(key, body)
    this.full = this.bytes > MAX_BYTES
  }
}
