// npm run bench [-- what]: sets up, then hands over to the benchmark's own command line.
import { join } from 'node:path'
import { RELEASE } from './lib/addon.mjs'
import { ROOT } from './lib/paths.mjs'
import { run, script } from './lib/run.mjs'
import { setUp } from './lib/set-up.mjs'

await script(async () => {
  await setUp([RELEASE])
  return run(process.execPath, [join(ROOT, 'bench/dist/cli.js'), ...process.argv.slice(2)], {
    outlives: true,
  })
})
