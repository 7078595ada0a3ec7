// npm run build [-- --all]: dependencies, TypeScript and the addon; --all builds the addon's test targets too.
import { ALL_TARGETS, RELEASE } from './lib/addon.mjs'
import { script } from './lib/run.mjs'
import { setUp } from './lib/set-up.mjs'

await script(() => setUp(process.argv.includes('--all') ? ALL_TARGETS : [RELEASE]))
