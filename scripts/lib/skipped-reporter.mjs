// Tells at the end of a run of vitest which tests it passed over, and why: packages/native-poll/test/support/needs.ts.
import { relative } from 'node:path'
import { ROOT } from './paths.mjs'

/**
 * @typedef {import('vitest/node').Reporter} Reporter
 * @typedef {import('vitest/node').TestCase} TestCase
 */

/** @implements {Reporter} */
export default class SkippedReporter {
  /** Whether the user chose tests by name: all others are skipped then. */
  #isChosen = false

  /** @param {import('vitest/node').Vitest} vitest */
  onInit(vitest) {
    this.#isChosen = vitest.config.testNamePattern !== undefined
  }

  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    if (this.#isChosen) return
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')])
    for (const test of skipped) {
      const why = reasonOf(test)
      console.log(
        `skipped (${why ?? 'no reason is given'}): ${relative(ROOT, test.module.moduleId)}: ${test.fullName}`,
      )
      if (why === undefined) process.exitCode = 1
    }
  }
}

/** @param {TestCase} test */
function reasonOf(test) {
  const { needs } = /** @type {{ needs?: string }} */ (test.meta())
  const result = test.result()
  return needs === undefined && result.state === 'skipped' ? result.note : `needs ${needs}`
}
