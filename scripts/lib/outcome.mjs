// How many tests of a step passed, failed and were skipped.
import { existsSync, readFileSync } from 'node:fs'
import { IN_CI } from './ci.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number, why?: string }} Outcome */

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
 * Reads what vitest's JSON reporter wrote.
 *
 * @param {number} exitCode
 * @param {string} file
 * @returns {Outcome}
 */
export function fromVitest(exitCode, file) {
  if (!existsSync(file)) return { ...FAILED, why: 'vitest wrote no report' }
  const report = JSON.parse(readFileSync(file, 'utf8'))
  // A file that cannot be imported has no tests, and has failed.
  const broken = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: unknown[] }} */ result) =>
      result.status === 'failed' && result.assertionResults.length === 0,
  ).length
  const outcome = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  }
  if (exitCode === 0 && outcome.passed + outcome.failed + outcome.skipped === 0)
    return skipped('there are no tests')
  return atLeastOneFailure(exitCode, outcome)
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
