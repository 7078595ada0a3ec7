import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder `bench/`: this module lies one level below it, both as source and compiled. */
export const BENCH_DIR = fileURLToPath(new URL('..', import.meta.url))

/** The repository. */
export const ROOT_DIR = join(BENCH_DIR, '..')

/** Where the C programs of the benchmark are put. Not in git. */
export const BUILD_DIR = join(BENCH_DIR, 'build')
