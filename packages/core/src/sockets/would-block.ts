/**
 * What the `try…` calls return in place of a result when the kernel says EAGAIN: nothing is there, or there is no
 * room. A value and not an error, because it is no failure: wait for readiness, or use the call that returns a promise.
 *
 * @example
 * ```ts
 * const bytes = socket.tryRecv(buffer)
 * if (bytes !== WOULD_BLOCK) console.log(`received ${bytes} bytes`)
 * ```
 */
export const WOULD_BLOCK: unique symbol = Symbol('would block')

/** The type of {@link WOULD_BLOCK}. */
export type WouldBlock = typeof WOULD_BLOCK
