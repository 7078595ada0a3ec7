// Random programs, each over node:net and over @pollux/net, on every version of Node: what they saw is the same.
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'

const MAIN = fileURLToPath(new URL('main.mjs', import.meta.url))
/** The same programs in each run, so that nobody's change fails by bad luck; `POLLUX_SEED=… ` brings others. */
const SEED = process.env.POLLUX_SEED ?? '1'
const RUNS = process.env.POLLUX_RUNS ?? '150'

describe.each(NODES)('random programs on $name', ({ path }) => {
  it.each(['exact', 'bulk'])(
    `do over ours what they do over node:net: %s (POLLUX_SEED=${SEED})`,
    async (kind) => {
      const child = Child.run(path, [MAIN, kind, SEED, kind === 'bulk' ? '25' : RUNS])
      expect(await child.awaitExit(), child.output + child.errors).toBe(0)
    },
  )
})
