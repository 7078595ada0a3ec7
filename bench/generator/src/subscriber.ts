/** A connection on which messages of others come. */
import { CountedChannel, type CountingOwner } from './counted-channel.js'

/** Who looks at what comes. */
export interface SubscriberOwner extends CountingOwner<Subscriber> {
  /** @throws WrongAnswer, which ends the connection */
  receive(subscriber: Subscriber, bytes: Buffer): void
}

export class Subscriber extends CountedChannel<SubscriberOwner> {
  /** The last message of which something came, how much of it, and whether it was that one. */
  message = 0
  got = 0
  matches = true

  override onData(chunk: Buffer): void {
    if (!this.isOver) this.owner.receive(this, chunk)
  }
}
