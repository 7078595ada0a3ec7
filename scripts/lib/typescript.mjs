// Compiles src/ to dist/ in every package, in the order of the project references.
import { existsSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT, TOOLS, WORKSPACES } from './paths.mjs'
import { mustRun } from './run.mjs'
import { pending } from './stamp.mjs'
import { walk } from './walk.mjs'

export async function buildTypeScript() {
  const packages = WORKSPACES.map(packageFiles)
  const markDone = pending({
    name: 'typescript',
    files: [
      ...packages.flatMap(({ config, sources }) => [config, ...sources]),
      join(ROOT, 'tsconfig.base.json'),
      join(ROOT, 'tsconfig.json'),
      join(ROOT, 'pnpm-lock.yaml'),
    ],
    outputs: packages.flatMap(({ outputs }) => outputs),
  })
  if (!markDone) return
  for (const files of packages) matchOutputs(files)
  await mustRun('Compiling TypeScript', process.execPath, [TOOLS.tsc, '--build', ROOT])
  markDone()
}

/** @param {string} folder of a package */
function packageFiles(folder) {
  const [src, dist] = ['src', 'dist'].map((name) => join(ROOT, folder, name))
  const sources = walk(src, (name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  const outputs = sources.map((source) => join(dist, relative(src, source).replace(/\.ts$/, '.js')))
  return { config: join(ROOT, folder, 'tsconfig.json'), sources, dist, outputs }
}

/** @param {{ dist: string, outputs: string[] }} files */
function matchOutputs({ dist, outputs }) {
  // An output whose source is gone would still be imported here, and nowhere else.
  for (const file of walk(dist, (name) => name.endsWith('.js'))) {
    if (outputs.includes(file)) continue
    for (const end of ['.js', '.js.map', '.d.ts', '.d.ts.map'])
      rmSync(file.replace(/\.js$/, end), { force: true })
  }
  // One that somebody deleted is not written again while the compiler remembers having written it.
  if (!outputs.every((file) => existsSync(file))) rmSync(join(dist, '.tsbuildinfo'), { force: true })
}
