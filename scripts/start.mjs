// npm start [-- flags]: sets up, then runs the demo server and its dashboard until Ctrl-C. --no-admin: no dashboard.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { RELEASE } from './lib/addon.mjs'
import { ROOT } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { setUp } from './lib/set-up.mjs'

await script(async () => {
  await setUp([RELEASE])
  return serve(withDefaults(process.argv.slice(2)))
})

/** @param {string[]} flags */
function withDefaults(flags) {
  /** @type {(name: string) => boolean} */
  const has = (name) => flags.some((flag) => flag === name || flag.startsWith(`${name}=`))
  const defaults = []
  if (!has('--unix')) {
    if (!has('--host')) defaults.push('--host', '127.0.0.1')
    if (!has('--port')) defaults.push('--port', '7000')
  }
  if (!has('--no-admin') && !has('--admin-port')) defaults.push('--admin-port', '7080')
  return [...defaults, ...flags.filter((flag) => flag !== '--no-admin')]
}

/**
 * @param {string[]} flags
 * @returns {Promise<number>}
 */
function serve(flags) {
  const server = spawn(process.execPath, [join(ROOT, 'examples/dist/echo.js'), ...flags], {
    stdio: 'inherit',
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the server as well; we only outlive it, to report how it ended.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      server.kill(signal)
    })
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('close', (code) => resolve(code ?? 1))
  })
}
