// Builds the native addon with node-gyp: offline where Node's headers are on the machine.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { findHeaders, RELEASE } from '../../packages/native-poll/install.mjs'
import { NATIVE, ROOT, TOOLS } from './paths.mjs'
import { mustRun } from './run.mjs'
import { pending } from './stamp.mjs'
import { walk } from './walk.mjs'

export { RELEASE }

/** All targets of binding.gyp. */
export const ALL_TARGETS = [RELEASE, 'pollux_poll_testing', 'pollux_poll_posix', 'pollux_poll_asan']

/** @param {string[]} targets */
export async function buildAddon(targets) {
  if (process.platform === 'win32') {
    throw new Error('Pollux needs a POSIX system such as Linux or macOS; on Windows it runs inside WSL.')
  }
  const nodedir = findHeaders()
  const sources = walk(join(NATIVE, 'native'), (name) => /\.(cc|h)$/.test(name))
  const stale = targets
    .map((target) => ({
      target,
      markDone: pending({
        name: target,
        files: [...sources, join(NATIVE, 'binding.gyp'), join(ROOT, 'pnpm-lock.yaml')],
        values: [process.version, process.arch, nodedir, process.env.CC, process.env.CXX],
        outputs: [join(NATIVE, `build/Release/${target}.node`)],
      }),
    }))
    .filter(({ markDone }) => markDone)
  if (stale.length === 0) return

  const common = ['--loglevel=warn', ...(nodedir ? [`--nodedir=${nodedir}`] : [])]
  /** @type {(args: string[]) => Promise<void>} */
  const gyp = (args) =>
    mustRun('Building the native addon', process.execPath, [TOOLS.nodeGyp, ...args, ...common], {
      cwd: NATIVE,
    })

  // Each time, for it lists the sources; make then compiles only what changed.
  await gyp(['configure'])
  await gyp(['build', ...stale.map(({ target }) => target), `--jobs=${availableParallelism()}`])
  for (const { markDone } of stale) markDone?.()
}
