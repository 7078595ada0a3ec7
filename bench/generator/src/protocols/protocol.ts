/** What travels over one connection: requests out, replies in. */

/** Where requests are written. What is given is copied or handed to the kernel before a call returns. */
export interface Output {
  write(bytes: Buffer): void
  text(text: string): void
}

/** All state of a conversation on one connection. */
export interface Conversation {
  /**
   * Writes the next request. Called `depth` times at the start and once for each reply (closed loop), or when it is
   * due (open loop); never more than `depth` are without a reply.
   *
   * @returns its bytes
   */
  request(out: Output): number
  /**
   * Bytes that came. Calls `replied` once for each reply that is complete, within which the next request may be
   * asked for. The bytes are another's when it returns.
   *
   * @throws WrongAnswer where they are no reply to what was asked for
   */
  receive(bytes: Buffer): void
  /** The peer has closed: whether that completed a reply. */
  ended?(): boolean
  /** Whether the last reply said that the server closes the connection now: nothing more is asked on it. */
  readonly closes?: boolean
  /** Bytes that were compared so far; what has none compares none. */
  readonly verifiedBytes?: number
}

/**
 * One reply is complete; it counts as an error of that kind where one is named, and has no latency then.
 *
 * @param request over udp, where replies overtake each other and get lost: which of the connection's requests, from 0, it
 *   answers; without, and on all other connections, the oldest that has no reply
 */
export type Replied = (failure?: string, request?: number) => void

/** Begins a conversation on the connection of that number (0, 1, 2, … over all workers). */
export type OpenConversation = (connection: number, replied: Replied) => Conversation
