// A wall clock that jumps, an hour or a year, forward and back: no timeout is early or fails to come.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../../../native-poll/test/support/needs.js'
import { endChildren, temporaryFolder } from '../support/raw.js'
import { leaveNothingBehind } from '../support/serving.js'
import { record } from './figures.js'
import { Program } from './program.js'

leaveNothingBehind()
afterEach(endChildren)

const HOUR = 3600
const YEAR = 365 * 24 * HOUR

const folder = temporaryFolder()
const shim = join(folder, 'clock.so')

// A library that is loaded first is the GNU linker's and musl's way to do it.
describe('a wall clock that jumps', needs(process.platform === 'linux', 'Linux'), () => {
  beforeAll(() => {
    const source = fileURLToPath(new URL('fixtures/clock.c', import.meta.url))
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl'])
  })

  it.each([HOUR, -HOUR, YEAR, -YEAR])('by %i seconds moves no timeout', async (seconds) => {
    const file = join(folder, `offset${seconds}`)
    writeFileSync(file, new BigInt64Array(1))
    const preload = [process.env.LD_PRELOAD, shim].filter(Boolean).join(':')
    const program = Program.start('clock', [String(seconds)], { LD_PRELOAD: preload, CLOCK_FILE: file })
    const { idle, shutdown, answers, jumps, reasons, timeoutMs } = await program.next()
    // The clock did jump, there and back.
    expect((jumps as number[]).slice(0, 2)).toEqual([seconds, -seconds])
    record(`a clock that jumps by ${seconds} s`, { 'idle ms': Number(idle), 'shutdown ms': Number(shutdown) })
    expect(idle).toBeGreaterThanOrEqual(Number(timeoutMs))
    expect(shutdown).toBeGreaterThanOrEqual(Number(timeoutMs) - 1)
    expect(answers).toBe(100)
    expect(reasons).toEqual({ idle_timeout: 1, ended: 1 })
    expect(await program.child.awaitExit()).toBe(0)
  })
})
