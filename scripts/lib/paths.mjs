// Where things stand. Every script takes its paths from here, so that it works from any directory.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const NATIVE = join(ROOT, 'packages/native-poll')
export const CPP_TESTS = join(NATIVE, 'test/cpp')

/** What the scripts remember between runs; safe to delete. */
export const CACHE = join(ROOT, '.cache')

/** The folders of all workspace packages with code, relative to ROOT. */
export const WORKSPACES = [...libraries(), 'examples', 'bench', 'bench/generator']

/** A workspace package that has no code: the other versions of Node.js that tests run. */
export const NODES = 'packages/net/test/nodes'

/** The packages that users install. */
export function libraries() {
  return readdirSync(join(ROOT, 'packages'))
    .filter((name) => existsSync(join(ROOT, 'packages', name, 'package.json')))
    .sort()
    .map((name) => `packages/${name}`)
}

/** The entry script of an installed command: run with this `node`, it needs no shell and no PATH. */
export const TOOLS = {
  tsc: join(ROOT, 'node_modules/typescript/bin/tsc'),
  biome: join(ROOT, 'node_modules/@biomejs/biome/bin/biome'),
  vitest: join(ROOT, 'node_modules/vitest/vitest.mjs'),
  nodeGyp: join(NATIVE, 'node_modules/node-gyp/bin/node-gyp.js'),
}
