// @ts-check
/** `node main.mjs exact|bulk <seed> <runs>`: random programs over both modules, in a process of the Node that runs it. */
import fc from 'fast-check'
import { difference, misbehaviour } from './compare.mjs'
import { programs } from './programs.mjs'

const [kind, seed, runs] = process.argv.slice(2)

const details = await fc.check(
  fc.asyncProperty(programs({ exact: kind === 'exact' }), async (program) => {
    const found = await (kind === 'exact' ? difference(program) : misbehaviour(program))
    if (found !== '') throw new Error(found)
  }),
  { seed: Number(seed), numRuns: Number(runs) },
)
if (details.failed) {
  console.log(`seed ${details.seed}, path ${details.counterexamplePath}, program ${details.numRuns}:`)
  console.log(JSON.stringify(details.counterexample?.[0]))
  console.log(String(/** @type {any} */ (details).errorInstance?.message))
  process.exitCode = 1
}
// Where Node could not reset a socket it leaves a handle open that nobody can close, and the process would go round for ever.
if (kind === 'exact') process.exit()
