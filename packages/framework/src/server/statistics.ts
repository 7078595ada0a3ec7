/** Counters that a server keeps anyway, for whoever wants to look: metrics, logs, the admin page. */

/** What an open connection contributes to the totals. */
export interface Counted {
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly queuedBytes: number
}

/** What has happened to the connections of one server, or of one call of `connect`, since it was made. */
export class Statistics {
  /** Connections that became usable: accepted by a server, or connected. */
  opened = 0
  /** Messages that the codec made of what was received. */
  messagesReceived = 0
  /** Messages that `send` encoded. */
  messagesSent = 0
  /** Connections that failed because of bytes that are no message. */
  codecErrors = 0
  /** Throws of handlers, and rejections of their promises. */
  handlerErrors = 0
  /** Bytes written to connections that had closed meanwhile, or past `maxQueuedBytes`. */
  droppedBytes = 0
  /** Writes and messages that `overflow: 'drop'` left out. */
  droppedMessages = 0
  /** Times that a connection's output crossed the high watermark. */
  highWaterCrossings = 0
  /** Times that it fell to the low watermark afterwards. */
  drains = 0
  /** Times that a listener had nothing left to accept with. */
  acceptPauses = 0
  /** Times that the server's overload level rose from 0. */
  overloads = 0
  /** Connections that were refused, by reason. */
  readonly refused = new Map<string, number>()
  /** Connections that closed, by reason. */
  readonly closed = new Map<string, number>()
  private closedBytesRead = 0
  private closedBytesWritten = 0
  private readonly openConnections: () => Iterable<Counted>

  /** Internal. @param openConnections those that are open now */
  constructor(openConnections: () => Iterable<Counted>) {
    this.openConnections = openConnections
  }

  /** Bytes received, by connections that are open and those that have closed. */
  get bytesReceived(): number {
    let bytes = this.closedBytesRead
    for (const connection of this.openConnections()) bytes += connection.bytesRead
    return bytes
  }

  /** Bytes that the kernel took, of connections that are open and those that have closed. */
  get bytesSent(): number {
    let bytes = this.closedBytesWritten
    for (const connection of this.openConnections()) bytes += connection.bytesWritten
    return bytes
  }

  /** Bytes that were written and wait to be sent. */
  get queuedBytes(): number {
    let bytes = 0
    for (const connection of this.openConnections()) bytes += connection.queuedBytes
    return bytes
  }

  /** Internal: one more was refused. */
  countRefused(reason: string): void {
    increment(this.refused, reason)
  }

  /** Internal: one more has closed, with its totals. */
  countClosed(reason: string, connection: Counted): void {
    increment(this.closed, reason)
    this.closedBytesRead += connection.bytesRead
    this.closedBytesWritten += connection.bytesWritten
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
