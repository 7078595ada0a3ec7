/** One listener for each signal, however many calls wait on it: Node.js warns of more than ten. */

const listeners = new WeakMap<AbortSignal, AbortListener>()

/** Calls `callback` when the signal is aborted, unless the function that is returned was called before. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let listener = listeners.get(signal)
  if (listener === undefined) {
    listener = new AbortListener(signal)
    listeners.set(signal, listener)
  }
  return listener.add(callback)
}

/** Listens as long as somebody waits: a signal may outlive the calls that it was given to by far. */
class AbortListener {
  private readonly callbacks = new Set<() => void>()

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener('abort', this)
  }

  add(callback: () => void): () => void {
    this.callbacks.add(callback)
    return () => this.remove(callback)
  }

  handleEvent(): void {
    // Not a copy: one that ends may settle another, which is then not to be told any more.
    for (const each of this.callbacks) each()
  }

  private remove(callback: () => void): void {
    if (!this.callbacks.delete(callback) || this.callbacks.size > 0) return
    this.signal.removeEventListener('abort', this)
    listeners.delete(this.signal)
  }
}
