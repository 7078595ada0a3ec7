// Runs the corpus over the module that the argument names, and prints a line of JSON for each program.
import { setTimeout as after } from 'node:timers/promises'
import { moduleUnderTest } from '../support/trace.mjs'
import { Context } from './context.mjs'
import { programsOf } from './corpus.mjs'

const net = await moduleUnderTest()
/** For a program that hangs; it decides nothing else. */
const DEADLINE = 10_000

for (const [name, { run }] of programsOf(process.versions.node)) {
  const context = new Context(net)
  const onUncaught = (/** @type {unknown} */ error) => context.say('process', 'uncaught', error)
  process.on('uncaughtException', onUncaught)
  const deadline = new AbortController()
  await Promise.race([
    run(context).catch((/** @type {unknown} */ error) => context.say('process', 'rejected', error)),
    after(DEADLINE, undefined, { signal: deadline.signal }).then(
      () => context.say('process', 'never ends'),
      () => {},
    ),
  ])
  deadline.abort()
  process.off('uncaughtException', onUncaught)
  context.end()
  console.log(JSON.stringify([name, context.trace]))
}
