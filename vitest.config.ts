import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'

/** Tells which tests were passed over, and why. */
const SKIPPED = fileURLToPath(new URL('scripts/lib/skipped-reporter.mjs', import.meta.url))

const FAULTS = '**/*.faults.test.ts'
/**
 * What the slower builds of the native code are for: everything that reaches it by a way of its own. Of the framework
 * that is how connections open, read, write, move bytes and close; what is JavaScript on top of these would run once more
 * and reach nothing new. A folder of tests that is not named here is run on all builds.
 */
const ON_NATIVE = [
  ...['native-poll', 'core', 'framework'].map((name) => `packages/${name}/test/**/*.test.ts`),
  // Of node:net's surface only these: what is held against Node's own sockets is JavaScript on top, and slow.
  'packages/net/test/{echo,hammer,leaks,unref,workers}.test.ts',
  'packages/net/test/server/few-fds.test.ts',
]
const ON_TOP = [
  'adapters',
  'admin',
  'clients',
  'codecs',
  'diagnostics',
  'faults',
  'limits',
  'logs',
  'metrics',
  'proxy-protocol',
  'running',
  'tls',
  'workers',
].map((folder) => `packages/framework/test/${folder}/**`)
const PAGES = 'packages/framework/test/**/{readme,root_readme,docs,pages,types}.test.ts'

/** One project for each build of the addon that tests run on; `npm test` runs them one after the other. */
const projects: TestProjectConfiguration[] = [
  project('unit', {
    include: ['packages/*/test/**/*.test.ts', '{examples,bench,bench/generator}/test/**/*.test.ts'],
    exclude: [FAULTS],
  }),
  project('faults', { include: [`packages/*/test/${FAULTS}`], env: { POLLUX_NATIVE_TARGET: 'testing' } }),
  project('posix', {
    include: ON_NATIVE,
    exclude: [...ON_TOP, PAGES],
    env: { POLLUX_NATIVE_TARGET: 'posix', POLLUX_BACKEND: 'poll' },
  }),
]

// This build can only be loaded into a process that was started with the sanitizer's library.
if (process.env.LD_PRELOAD?.includes('libasan')) {
  projects.push(
    project('sanitizers', {
      include: ON_NATIVE,
      exclude: [...ON_TOP, PAGES],
      env: { POLLUX_NATIVE_TARGET: 'asan' },
    }),
  )
}

export default defineConfig({
  test: {
    projects,
    reporters: ['default', SKIPPED],
    // Two cores are the smallest machine that this has to pass on, and tests look at timing.
    maxWorkers: 2,
    teardownTimeout: 60_000,
  },
})

interface Selection {
  include: string[]
  exclude?: string[]
  env?: Record<string, string>
}

function project(name: string, selection: Selection): TestProjectConfiguration {
  return {
    test: {
      name,
      ...selection,
      // A process for each file: each owns its fds and its reactor, and a crash costs one file.
      pool: 'forks',
      execArgv: ['--expose-gc'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // What was built is loaded as users load it: by Node, not by the bundler.
      server: { deps: { external: [/\/dist\//] } },
    },
  }
}
