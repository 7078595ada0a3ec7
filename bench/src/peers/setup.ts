/** `npm run bench -- --setup`: installs what can be installed, and compiles what can be compiled. */
import { spawnSync } from 'node:child_process'
import { compilePrograms } from '../compile.js'
import { listComparisonPeers } from './comparison.js'
import { type ComparisonPeer, preparePeers } from './comparison-peer.js'
import { RUNTIMES, RUNTIMES_DIR } from './javascript.js'
import { find, isExecutable } from './programs.js'

/** Load generators that are not ours, and Debian's packages of them. */
const LOAD_GENERATORS: Record<string, string> = {
  wrk: 'wrk',
  sockperf: 'sockperf',
  iperf3: 'iperf3',
  'redis-benchmark': 'redis-tools',
}

/** Runs a command; false where it failed. */
export type Run = (command: string, args: readonly string[]) => boolean

const run: Run = (command, args) => {
  process.stderr.write(`$ ${[command, ...args].join(' ')}\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}

/**
 * Installs and compiles. What could not be had is named, with the reason: that is no failure.
 *
 * @returns lines that say how it stands now
 */
export function setUpPeers(
  peers: readonly ComparisonPeer[] = listComparisonPeers(),
  does: Run = run,
): string[] {
  const packages = missingPackages(peers)
  const said = packages.length === 0 ? [] : installPackages(packages, does)
  if (Object.values(RUNTIMES).some((path) => !isExecutable(path))) said.push(...installRuntimes(does))
  compilePrograms()
  const { ready, skipped } = preparePeers(peers)
  return [
    ...said,
    ...ready.map((peer) => `ready: ${peer.name} (${peer.version()})`),
    ...skipped.map(({ peer, why }) => `missing: ${peer}: ${why}`),
  ]
}

/** Debian's, of everything that is not there. */
export function missingPackages(peers: readonly ComparisonPeer[]): string[] {
  const ofPeers = peers.filter((peer) => peer.missing() !== undefined).flatMap(({ debian }) => debian ?? [])
  const ofTools = Object.entries(LOAD_GENERATORS).filter(([program]) => find(program) === undefined)
  return [...new Set([...ofPeers, ...ofTools.map(([, name]) => name)])]
}

function installPackages(packages: readonly string[], does: Run): string[] {
  const command = `apt-get install ${packages.join(' ')}`
  if (find('apt-get') === undefined || process.getuid?.() !== 0) return [`to be run as root: ${command}`]
  const isDone =
    does('apt-get', ['update', '-q']) &&
    does('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages])
  return isDone ? [] : [`failed: ${command}`]
}

/** By npm, into a folder of their own. Each package is a program: none has to run a script of its own. */
function installRuntimes(does: Run): string[] {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  return does('npm', ['install', '--prefix', RUNTIMES_DIR, ...flags])
    ? []
    : ['failed: npm install in bench/runtimes']
}
