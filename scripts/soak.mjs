// npm run soak [-- --minutes N --seed N]: sets up, then runs random servers and clients for ten minutes. Not part of
// npm test.
import { join } from 'node:path'
import { RELEASE } from './lib/addon.mjs'
import { ROOT } from './lib/paths.mjs'
import { run, script } from './lib/run.mjs'
import { setUp } from './lib/set-up.mjs'

/** The build of the addon in which system calls can be made to fail. */
const TESTING = 'pollux_poll_testing'

await script(async () => {
  await setUp([RELEASE, TESTING])
  process.env.POLLUX_NATIVE_TARGET ??= 'testing'
  return run(process.execPath, [join(ROOT, 'bench/dist/soak/main.js'), ...process.argv.slice(2)])
})
