/** One listener for each signal, however many calls wait on it: Node.js warns of more than ten. */

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `callback` when the signal is aborted, unless the function that is returned was called before. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal)
  if (callbacks === undefined) {
    const fresh = new Set<() => void>()
    const tell = () => {
      // Not a copy: one that ends may settle another, which is then not to be told any more.
      for (const each of fresh) each()
    }
    signal.addEventListener('abort', tell, { once: true })
    callbacks = fresh
    waiting.set(signal, fresh)
  }
  callbacks.add(callback)
  return () => callbacks.delete(callback)
}
