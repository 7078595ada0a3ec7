/** Go's `net` and `net/http`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { modifiedMs, program } from '../compile.js'
import { BENCH_DIR, BUILD_DIR } from '../paths.js'
import type { ComparisonPeer } from './comparison-peer.js'
import { byApt, find, output, versionIn } from './programs.js'

const FOLDER = join(BENCH_DIR, 'peers/go')
const DEBIAN = ['golang-go']

export function goPeer(): ComparisonPeer {
  return {
    name: 'go',
    label: 'Go net',
    group: 'native',
    serves: ['tcp', 'unix', 'udp', 'http', 'fanout'],
    // One core is what all have.
    command: (protocol) => ['env', 'GOMAXPROCS=1', program('go-peer'), '--serve', protocol],
    debian: DEBIAN,
    missing: () => (find('go') === undefined ? byApt('Go', ...DEBIAN) : undefined),
    build,
    version: () => `Go ${versionIn(output('go', ['version']))}`,
  }
}

function build(): void {
  const sources = readdirSync(FOLDER).map((name) => join(FOLDER, name))
  if (modifiedMs(program('go-peer')) > Math.max(...sources.map(modifiedMs))) return
  mkdirSync(BUILD_DIR, { recursive: true })
  const fresh = `${program('go-peer')}.${process.pid}`
  // Nothing but the standard library: no network.
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' }
  const { status, stderr } = spawnSync('go', ['build', '-o', fresh, '.'], {
    cwd: FOLDER,
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`compiling go-peer failed:\n${stderr}`)
  renameSync(fresh, program('go-peer'))
}
