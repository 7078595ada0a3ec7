// npm run lint: formatter and linter for TypeScript (Biome) and formatter for C++ (clang-format).
// npm run format: the same, and repairs what can be repaired.
import { clangFormat } from './lib/clang-format.mjs'
import { installDependencies } from './lib/dependencies.mjs'
import { withLock } from './lib/lock.mjs'
import { TOOLS } from './lib/paths.mjs'
import { run, script } from './lib/run.mjs'
import { checkNode } from './lib/set-up.mjs'

await script(async () => {
  checkNode()
  await withLock(installDependencies)
  const fix = process.argv.includes('--fix')
  // Warnings count: one that nobody has to act on hides the one that matters.
  const args = [TOOLS.biome, 'check', '--error-on-warnings', ...(fix ? ['--write'] : [])]
  const biome = await run(process.execPath, args)
  const unformatted = await clangFormat(fix)
  return biome === 0 && unformatted === 0 ? 0 : 1
})
