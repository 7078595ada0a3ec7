/** Rust's tokio, from Debian's packages. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modifiedMs } from '../compile.js'
import { BENCH_DIR, BUILD_DIR } from '../paths.js'
import type { ComparisonPeer } from './comparison-peer.js'
import { byApt, find, output, versionIn } from './programs.js'

const FOLDER = join(BENCH_DIR, 'peers/tokio')
const PROGRAM = join(BUILD_DIR, 'tokio/release/tokio-peer')

/** Where Debian's packages of Rust's libraries put their sources. */
const REGISTRY = '/usr/share/cargo/registry'

export function tokioPeer(): ComparisonPeer {
  // Any Rust will do.
  const hasRust = find('cargo') !== undefined
  const debian = [...(hasRust ? [] : ['cargo', 'rustc']), 'librust-tokio-dev']
  return {
    name: 'tokio',
    label: 'Rust tokio',
    group: 'native',
    serves: ['tcp', 'unix', 'udp'],
    command: (protocol) => [PROGRAM, '--serve', protocol],
    debian,
    missing() {
      if (!hasRust) return byApt('Rust', ...debian)
      const hasTokio = existsSync(REGISTRY) && readdirSync(REGISTRY).some((name) => /^tokio-\d/.test(name))
      return hasTokio ? undefined : byApt('tokio', ...debian)
    },
    build,
    version: () => `tokio ${tokioVersion()}, Rust ${versionIn(output('rustc', ['--version']))}`,
  }
}

function build(): void {
  const sources = ['Cargo.toml', 'config.toml', 'src/main.rs'].map((name) => join(FOLDER, name))
  if (modifiedMs(PROGRAM) > Math.max(...sources.map(modifiedMs))) return
  mkdirSync(BUILD_DIR, { recursive: true })
  const args = [
    'build',
    '--release',
    '--offline',
    '--config',
    'config.toml',
    '--target-dir',
    join(BUILD_DIR, 'tokio'),
  ]
  const { status, stderr } = spawnSync('cargo', args, { cwd: FOLDER, encoding: 'utf8' })
  if (status !== 0) throw new Error(`compiling tokio-peer failed:\n${stderr}`)
}

function tokioVersion(): string {
  const lock = readFileSync(join(FOLDER, 'Cargo.lock'), 'utf8')
  return lock.match(/name = "tokio"\nversion = "([^"]+)"/)?.[1] ?? 'unknown'
}
