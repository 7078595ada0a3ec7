// Loads every package as its users do, by import and by require(), each in a process of its own.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { libraries, ROOT } from './lib/paths.mjs'

/** @type {Record<string, (name: string) => string[]>} */
const WAYS = {
  import: (name) => ['--input-type=module', '--eval', `${REPORT} report(await import('${name}'))`],
  require: (name) => ['--input-type=commonjs', '--eval', `${REPORT} report(require('${name}'))`],
}

const REPORT = `const report = (exports) => {
  if (Object.keys(exports).length === 0) throw new Error('exports nothing')
};`

let passed = 0
let failed = 0
for (const folder of libraries()) {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'))
  for (const entry of entries.map((path) => name + path.slice(1))) {
    for (const [way, args] of Object.entries(WAYS)) {
      // From inside the package, whose own name resolves through its exports map.
      const cwd = join(ROOT, folder)
      const { status, stderr } = spawnSync(process.execPath, args(entry), { cwd, encoding: 'utf8' })
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
