// npm test [-- --only=step,…]: everything that decides whether a change may land.
import { installDependencies } from './lib/dependencies.mjs'
import { withLock } from './lib/lock.mjs'
import { FAILED } from './lib/outcome.mjs'
import { CommandFailed, script } from './lib/run.mjs'
import { checkNode } from './lib/set-up.mjs'
import { STEPS } from './lib/steps.mjs'

/** @typedef {import('./lib/outcome.mjs').Outcome} Outcome */
/** @typedef {import('./lib/steps.mjs').Step} Step */

await script(async () => {
  checkNode()
  const steps = chosenSteps(process.argv.slice(2))
  if (!steps) return 2
  await withLock(installDependencies)
  const results = []
  for (const step of steps) results.push(await timed(step))
  return summarise(results)
})

/**
 * @param {string[]} flags
 * @returns {Step[] | undefined} undefined where a flag makes no sense
 */
function chosenSteps(flags) {
  const known = STEPS.map((step) => step.name)
  const only = flags.flatMap((flag) => flag.match(/^--only=(.+)$/)?.[1].split(',') ?? `not a flag: ${flag}`)
  const unknown = only.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(
      `pollux: unknown: ${unknown.join(', ')}\nnpm test [-- --only=STEP,…] with ${known.join(', ')}`,
    )
    return undefined
  }
  return only.length === 0 ? STEPS : STEPS.filter((step) => step.needed || only.includes(step.name))
}

/** @param {Step} step */
async function timed(step) {
  console.log(`\n── ${step.name}: ${step.what}`)
  const started = performance.now()
  const outcome = await outcomeOf(step)
  const result = { name: step.name, seconds: (performance.now() - started) / 1000, outcome }
  console.log(line(result))
  return result
}

/**
 * A failing step does not stop the others: one run tells everything that is wrong.
 *
 * @param {Step} step
 * @returns {Promise<Outcome>}
 */
async function outcomeOf(step) {
  try {
    return await step.run()
  } catch (error) {
    return { ...FAILED, why: error instanceof CommandFailed ? error.message : String(error) }
  }
}

/** @param {{ name: string, seconds: number, outcome: Outcome }[]} results */
function summarise(results) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  console.log('\n── summary')
  for (const result of results) {
    console.log(line(result))
    for (const failure of result.outcome.failures ?? []) console.log(`    ${failure}`)
    total.passed += result.outcome.passed
    total.failed += result.outcome.failed
    total.skipped += result.outcome.skipped
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
  return total.failed === 0 && total.passed > 0 ? 0 : 1
}

/** @param {{ name: string, seconds: number, outcome: Outcome }} result */
function line({ name, seconds, outcome }) {
  const { passed, failed, skipped, why } = outcome
  const mark = failed > 0 ? '✗' : passed > 0 ? '✓' : '–'
  const counts = [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`]
  return `${mark} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${counts.filter(Boolean).join(', ')}${why ? ` (${why})` : ''}`
}
