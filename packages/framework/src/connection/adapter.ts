/** Who may take a connection's messages in place of its handlers. */

/**
 * An iterator or a stream over a connection. It takes each message, and hears of everything else beside the handlers; it
 * holds the connection with `Hold.ADAPTER` whenever it wants no more for now.
 */
export interface Adapter<In> {
  /** A message; without a codec, a chunk. It is the adapter's to keep. */
  onMessage(message: In): void
  /** Queued output fell to the low watermark. */
  onDrained(): void
  /** Our half has ended, and the kernel has all that was written. Not called where the connection closes by that. */
  onFinished(): void
  /** The peer will send no more. */
  onPeerEnd(): void
  /** The promise of a handler that was running when the adapter came, or has come since, is settled. */
  onHandlerDone(): void
  /** The connection is closed. The last call. */
  onClosed(error: unknown): void
}
