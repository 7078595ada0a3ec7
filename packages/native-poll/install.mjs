// Run when the package is installed: builds the addon, where there is none that this Node.js can load.
// One build serves all versions of Node.js (Node-API).
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What users run, of the targets of binding.gyp. */
export const RELEASE = 'pollux_poll'

const require = createRequire(import.meta.url)
const folder = dirname(fileURLToPath(import.meta.url))

/**
 * The folder to give node-gyp as --nodedir: the user's own, or the prefix of the running node.
 *
 * @returns {string | undefined} undefined where there are no headers and node-gyp must fetch them
 */
export function findHeaders() {
  const prefix = dirname(dirname(process.execPath))
  for (const place of [process.env.npm_config_nodedir, prefix]) {
    if (!place) continue
    // An installation has them under include/node, a source tree under src.
    if (['include/node', 'src'].some((sub) => existsSync(join(place, sub, 'node_api.h')))) return place
  }
  return undefined
}

function canLoad() {
  try {
    require(`./build/Release/${RELEASE}.node`)
    return true
  } catch {
    return false
  }
}

/** @returns whether it was built */
function build() {
  const nodedir = findHeaders()
  const common = ['--loglevel=warn', ...(nodedir ? [`--nodedir=${nodedir}`] : [])]
  const gyp = require.resolve('node-gyp/bin/node-gyp.js')
  return [['configure'], ['build', RELEASE, `--jobs=${availableParallelism()}`]].every(
    (args) =>
      spawnSync(process.execPath, [gyp, ...args, ...common], { cwd: folder, stdio: 'inherit' }).status === 0,
  )
}

function install() {
  if (process.platform === 'win32') {
    console.error('Pollux needs a POSIX system such as Linux or macOS; on Windows it runs inside WSL.')
    return 1
  }
  if (canLoad() || (build() && canLoad())) return 0
  console.error(
    'The native addon of Pollux could not be built. It takes make, python3 and a compiler for C++20 (g++ 11, clang 14 or later); ' +
      'on Debian: apt-get install g++ make python3. Then: npm rebuild @pollux/native-poll',
  )
  return 1
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = install()
}
