/** Takes what a conversation sends: the bytes of a turn leave in one write. */
export interface Output {
  /** Copies the bytes before it returns. */
  write(bytes: Buffer): void
  text(text: string): void
}

/** All state of a protocol on one connection. */
export interface Conversation {
  request(out: Output): number
  receive(bytes: Buffer): void
  ended?(): boolean
  readonly verifiedBytes?: number
}

/** A reply is complete; `failure` where it counts as an error of that kind. */
export type Replied = (failure?: string) => void

export type OpenConversation = (connection: number, replied: Replied) => Conversation
