/** The listeners of one server, which pause, close and are referenced together. */
import type { SocketAddress } from '@pollux/core'
import type { Listener } from './listener.js'

export class Listeners<State, In, Out> {
  private readonly open: Listener<State, In, Out>[] = []
  /** How often accepting was held. */
  private holds = 0
  private referenced = true

  get size(): number {
    return this.open.length
  }

  get addresses(): SocketAddress[] {
    return this.open.map((listener) => listener.address)
  }

  /** It is from now on as the others are. */
  add(listener: Listener<State, In, Out>): void {
    this.open.push(listener)
    if (!this.referenced) listener.setReferenced(false)
    if (this.holds > 0) listener.pause()
  }

  /** Its fd is closed. */
  remove(listener: Listener<State, In, Out>): void {
    const index = this.open.indexOf(listener)
    if (index >= 0) this.open.splice(index, 1)
  }

  /** They take no connections until `release`, of which there must be one for each call of this. */
  hold(): void {
    if (this.holds++ === 0) for (const listener of this.open) listener.pause()
  }

  /** Undoes one `hold`. */
  release(): void {
    if (--this.holds === 0) for (const listener of this.open) listener.resume()
  }

  setReferenced(referenced: boolean): void {
    this.referenced = referenced
    for (const listener of this.open) listener.setReferenced(referenced)
  }

  close(): void {
    for (const listener of this.open) listener.close()
  }
}
