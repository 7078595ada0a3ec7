// The steps of `npm test`, in their order. Each one gives an outcome, and none of them ends the run.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ALL_TARGETS, buildAddon } from './addon.mjs'
import { withLock } from './lock.mjs'
import { fromExitCode, fromLastLine, fromVitest, PASSED, skipped } from './outcome.mjs'
import { CACHE, CPP_TESTS, ROOT, TOOLS } from './paths.mjs'
import { run } from './run.mjs'
import { clearReports, readReports, sanitizer } from './sanitizer.mjs'
import { buildTypeScript } from './typescript.mjs'

/** @typedef {import('./outcome.mjs').Outcome} Outcome */
/** @typedef {{ name: string, what: string, needed?: boolean, run: () => Promise<Outcome> }} Step */

/**
 * Steps that are `needed` also run when others are picked with --only.
 *
 * @type {Step[]}
 */
export const STEPS = [
  { name: 'lint', what: 'format and lint', run: lint },
  { name: 'types', what: 'TypeScript, with the tests', needed: true, run: types },
  { name: 'addon', what: 'the native addon, all targets', needed: true, run: addon },
  { name: 'exports', what: 'import and require of every package', run: exports },
  { name: 'unit', what: 'tests on the release addon', run: () => vitest('unit') },
  { name: 'faults', what: 'tests with injected faults', run: () => vitest('faults') },
  { name: 'posix', what: 'tests without Linux-only calls, on poll', run: () => vitest('posix') },
  { name: 'cpp', what: 'C++ tests', run: () => cpp('check') },
  { name: 'cpp-posix', what: 'C++ tests without Linux-only calls', run: () => cpp('check-posix') },
  {
    name: 'cpp-asan',
    what: 'C++ tests, Address- and UndefinedBehaviorSanitizer',
    run: () => cpp('check-asan'),
  },
  { name: 'cpp-tsan', what: 'C++ tests, ThreadSanitizer', run: () => cpp('check-tsan') },
  { name: 'sanitizers', what: 'tests under Address- and UndefinedBehaviorSanitizer', run: sanitizers },
]

async function lint() {
  return fromExitCode(await node(join(ROOT, 'scripts/lint.mjs')))
}

async function types() {
  await withLock(buildTypeScript)
  return fromExitCode(await node(TOOLS.tsc, '--build', join(ROOT, 'tsconfig.test.json')))
}

async function addon() {
  await withLock(() => buildAddon(ALL_TARGETS))
  return PASSED
}

function exports() {
  return counted(process.execPath, [join(ROOT, 'scripts/check-exports.mjs')])
}

/**
 * @param {string} project of vitest.config.ts
 * @param {NodeJS.ProcessEnv} [env]
 */
async function vitest(project, env) {
  const report = join(CACHE, `vitest/${project}.json`)
  rmSync(report, { force: true })
  const told = ['default', 'json', join(ROOT, 'scripts/lib/skipped-reporter.mjs')]
  const reporters = [...told.map((name) => `--reporter=${name}`), `--outputFile.json=${report}`]
  const args = [TOOLS.vitest, 'run', '--project', project, '--passWithNoTests', ...reporters]
  return fromVitest(await run(process.execPath, args, { env }), report)
}

/** @param {string} target of the Makefile */
async function cpp(target) {
  if (!existsSync(join(CPP_TESTS, 'Makefile'))) return skipped('there is no Makefile')
  return counted('make', ['--no-print-directory', '-C', CPP_TESTS, target])
}

async function sanitizers() {
  const found = sanitizer()
  if ('missing' in found) return skipped(found.missing)
  clearReports()
  const outcome = await vitest('sanitizers', found.env)
  const reports = readReports()
  for (const report of reports) console.error(report)
  if (reports.length === 0) return outcome
  return { ...outcome, failed: Math.max(outcome.failed, 1), why: `${reports.length} sanitizer reports` }
}

/**
 * @param {string} file
 * @param {string[]} args
 */
function node(file, ...args) {
  return run(process.execPath, [file, ...args])
}

/**
 * Runs a program whose last line says `N passed, N failed`.
 *
 * @param {string} command
 * @param {string[]} args
 */
async function counted(command, args) {
  let output = ''
  const exitCode = await run(command, args, {
    onOutput: (text) => {
      output += text
    },
  })
  return fromLastLine(exitCode, output)
}
