import { fileURLToPath } from 'node:url'

/** A file of test/fixtures of this package. */
export const coreFixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
