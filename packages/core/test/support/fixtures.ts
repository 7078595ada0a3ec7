import { fileURLToPath } from 'node:url'

/** A file of test/fixtures of this package. */
export const coreFixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/**
 * For processes that end while they are busy. Node.js itself may hang at its end otherwise (nodejs/node#54918): it joins
 * the threads of V8, and one that compiles may wait for a garbage collection that the main thread is to make.
 */
export const ENDS_BUSY = '--no-concurrent-recompilation'
