// Loads every package as its users do, by import and by require(), each in a process of its own.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { libraries, ROOT } from './lib/paths.mjs'

/** @type {Record<string, (name: string, report: string) => string[]>} */
const WAYS = {
  import: (name, report) => ['--input-type=module', '--eval', `${report} report(await import('${name}'))`],
  require: (name, report) => ['--input-type=commonjs', '--eval', `${report} report(require('${name}'))`],
}

const REPORT = `const report = (exports) => {
  if (Object.keys(exports).length === 0) throw new Error('exports nothing')
};`
/** What is loaded for what it does has nothing to export. */
const NO_REPORT = 'const report = () => {};'

let passed = 0
let failed = 0
for (const folder of libraries()) {
  const { name, exports, sideEffects } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  const paths = Object.keys(exports).filter((entry) => !entry.endsWith('.json'))
  for (const path of paths) {
    const entry = name + path.slice(1)
    const report =
      Array.isArray(sideEffects) && sideEffects.includes(exports[path].default) ? NO_REPORT : REPORT
    for (const [way, args] of Object.entries(WAYS)) {
      // From inside the package, whose own name resolves through its exports map.
      const cwd = join(ROOT, folder)
      const { status, stderr } = spawnSync(process.execPath, args(entry, report), { cwd, encoding: 'utf8' })
      if (status === 0) {
        passed++
      } else {
        failed++
        console.error(`${way} of ${entry}:\n${stderr}`)
      }
    }
  }
}
console.log(`exports: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
