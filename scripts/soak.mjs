// npm run soak [-- --minutes N --seed N]: sets up, then runs random servers and clients for ten minutes. Not part of
// npm test.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RELEASE } from './lib/addon.mjs'
import { ROOT } from './lib/paths.mjs'
import { run, script } from './lib/run.mjs'
import { setUp } from './lib/set-up.mjs'

/** The build of the addon in which system calls can be made to fail: used where `npm run build -- --all` has made it. */
const TESTING = join(ROOT, 'packages/native-poll/build/Release/pollux_poll_testing.node')

await script(async () => {
  await setUp([RELEASE])
  if (existsSync(TESTING)) process.env.POLLUX_NATIVE_TARGET ??= 'testing'
  return run(process.execPath, [join(ROOT, 'bench/dist/soak/main.js'), ...process.argv.slice(2)])
})
