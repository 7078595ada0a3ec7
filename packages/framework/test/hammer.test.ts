// Whatever peers and handlers do, nothing is lost, duplicated or reordered. POLLUX_SEED=… repeats a run.
import { describe, expect, it } from 'vitest'
import { hammer } from './support/hammer.js'
import { SEED } from './support/random.js'
import { BACKENDS, temporaryFolder } from './support/raw.js'
import { leaveNothingBehind } from './support/serving.js'

leaveNothingBehind()
const folder = temporaryFolder()
console.log(`the hammer's seed: POLLUX_SEED=${SEED}`)

const ROUNDS = 3

describe.each(BACKENDS)(`the hammer (POLLUX_SEED=${SEED}) on %s`, (backend) => {
  it.each([{ borrow: false }, { borrow: true }])('finds every byte in its place, %o', async ({ borrow }) => {
    for (let round = 0; round < ROUNDS; ++round) {
      const seed = SEED + round
      expect(await hammer({ backend, borrow, seed, folder, connections: 80, atOnce: 40 })).toEqual([])
    }
  })
})
