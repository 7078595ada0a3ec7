// How many tests of a step passed, failed and were skipped.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { IN_CI } from './ci.mjs'
import { ROOT } from './paths.mjs'

/**
 * `failures` names the tests that failed, one a line, where the step can tell.
 *
 * @typedef {{ passed: number, failed: number, skipped: number, why?: string, failures?: string[] }} Outcome
 */

export const PASSED = Object.freeze({ passed: 1, failed: 0, skipped: 0 })
export const FAILED = Object.freeze({ passed: 0, failed: 1, skipped: 0 })

/**
 * A step that cannot run here. In CI that is a failure: a check that never runs must not look like one that holds.
 *
 * @param {string} why
 * @returns {Outcome}
 */
export function skipped(why) {
  return IN_CI
    ? { ...FAILED, why: `cannot be skipped in CI: ${why}` }
    : { passed: 0, failed: 0, skipped: 1, why }
}

/**
 * @param {number} exitCode
 * @returns {Outcome}
 */
export function fromExitCode(exitCode) {
  return exitCode === 0 ? PASSED : FAILED
}

/**
 * Reads the last line `N passed, N failed` or `name: N passed, N failed`, with `, N skipped` where there is that.
 * A program without such a line counts as one test, or as skipped if it says `name skipped: reason`.
 *
 * @param {number} exitCode
 * @param {string} output
 * @returns {Outcome}
 */
export function fromLastLine(exitCode, output) {
  const counts = [...output.matchAll(/^(?:\S+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1)
  if (!counts) {
    const why = output.match(/^\S+ skipped: (.*)$/m)?.[1]
    return why && exitCode === 0 ? skipped(why) : fromExitCode(exitCode)
  }
  const [passed, failed, omitted] = counts.slice(1).map((text) => Number(text ?? 0))
  return atLeastOneFailure(exitCode, { passed, failed, skipped: omitted })
}

/**
 * The part that is read of what vitest's JSON reporter writes.
 *
 * @typedef {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: {
 *     name: string, status: string, message: string,
 *     assertionResults: { status: string, fullName: string, failureMessages: string[] }[],
 *   }[],
 * }} VitestReport
 */

/**
 * Reads what vitest's JSON reporter wrote.
 *
 * @param {number} exitCode
 * @param {string} file
 * @returns {Outcome}
 */
export function fromVitest(exitCode, file) {
  if (!existsSync(file)) return { ...FAILED, why: 'vitest wrote no report' }
  /** @type {VitestReport} */
  const report = JSON.parse(readFileSync(file, 'utf8'))
  // A file that cannot be imported has no tests, and has failed.
  const broken = report.testResults.filter(
    (result) => result.status === 'failed' && result.assertionResults.length === 0,
  )
  const outcome = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [
      ...broken.map(({ name, message }) => failure(name, 'cannot be run', message)),
      ...report.testResults.flatMap(({ name, assertionResults }) =>
        assertionResults
          .filter(({ status }) => status === 'failed')
          .map(({ fullName, failureMessages }) => failure(name, fullName, failureMessages[0])),
      ),
    ],
  }
  if (exitCode === 0 && outcome.passed + outcome.failed + outcome.skipped === 0)
    return skipped('there are no tests')
  return atLeastOneFailure(exitCode, outcome)
}

/**
 * @param {string} file
 * @param {string} test
 * @param {string | undefined} message of which the first line is told
 */
function failure(file, test, message) {
  return `${relative(ROOT, file)}: ${test}: ${message?.split('\n', 1)[0] ?? 'no message'}`
}

/**
 * A process may fail without a failing test: an unhandled rejection, a crash after the last one.
 *
 * @param {number} exitCode
 * @param {Outcome} outcome
 * @returns {Outcome}
 */
function atLeastOneFailure(exitCode, outcome) {
  return exitCode !== 0 && outcome.failed === 0
    ? { ...outcome, failed: 1, why: `exit code ${exitCode}` }
    : outcome
}
