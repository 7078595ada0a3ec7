/** Memory that is lent to the addon: made here, because some environments refuse buffers that native code makes. */
import { markAsUntransferable } from 'node:worker_threads'

/**
 * Memory that `postMessage` does not transfer away. Other ways to detach it are left (`structuredClone` on Node 20,
 * `ArrayBuffer.prototype.transfer`): the reactor looks for that itself. Its contents are undefined: nobody reads what
 * the reactor has not written.
 */
export function lendableMemory(bytes: number): ArrayBuffer {
  // "Slow" means: with memory of its own, not a part of Node's pool.
  const memory = Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer
  markAsUntransferable(memory)
  return memory
}

/** 32-bit words, all zero. */
export function lendableWords(count: number): Int32Array {
  const words = new Int32Array(count)
  markAsUntransferable(words.buffer)
  return words
}

/** Numbers, all zero. */
export function lendableNumbers(count: number): Float64Array {
  const numbers = new Float64Array(count)
  markAsUntransferable(numbers.buffer)
  return numbers
}
