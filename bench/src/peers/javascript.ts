/** Other runtimes of JavaScript, and Node.js without Pollux. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { BENCH_DIR } from '../paths.js'
import type { ComparisonPeer, Protocol } from './comparison-peer.js'
import { isExecutable, output, versionIn } from './programs.js'

/** Where `--setup` puts the runtimes that npm carries. Apart from the workspace: a root that depended on them would run every script with them. */
export const RUNTIMES_DIR = join(BENCH_DIR, 'runtimes')

const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64'
const BUN_ARCH = process.arch === 'arm64' ? 'aarch64' : 'x64'

/** The programs themselves: no package's install script has to run. */
export const RUNTIMES = {
  node: join(RUNTIMES_DIR, `node_modules/node-linux-${ARCH}/bin/node`),
  bun: join(RUNTIMES_DIR, `node_modules/@oven/bun-linux-${BUN_ARCH}/bin/bun`),
  deno: join(RUNTIMES_DIR, `node_modules/@deno/linux-${ARCH}-glibc/deno`),
}

const peerFile = (name: string) => join(BENCH_DIR, 'peers', name)

const NODE_SERVERS: Partial<Record<Protocol, string[]>> = {
  tcp: [peerFile('node-net-echo.mjs')],
  unix: [peerFile('node-net-echo.mjs')],
  udp: [peerFile('node-dgram-echo.mjs')],
  http: [peerFile('node-http.mjs')],
  fanout: [peerFile('net.mjs'), '--net', 'node:net', '--serve', 'fanout'],
}

export function javascriptPeers(): ComparisonPeer[] {
  return [
    node('node', `Node.js ${process.versions.node.split('.')[0]}`, process.execPath),
    node('node-newest', 'Node.js newest', RUNTIMES.node),
    runtime('bun', 'Bun', RUNTIMES.bun, ['tcp', 'unix', 'udp', 'http', 'fanout'], [peerFile('bun.mjs')]),
    runtime(
      'deno',
      'Deno',
      RUNTIMES.deno,
      ['tcp', 'unix', 'udp', 'http'],
      [...['run', '--allow-net', '--allow-read', '--allow-write', '--unstable-net'], peerFile('deno.mjs')],
    ),
    uWebSockets(),
  ]
}

function node(name: string, label: string, path: string): ComparisonPeer {
  return {
    name,
    label,
    group: 'javascript',
    serves: Object.keys(NODE_SERVERS) as Protocol[],
    command: (protocol) => [path, ...(NODE_SERVERS[protocol] as string[])],
    missing: () => missingRuntime(label, path),
    version: () => `Node.js ${versionIn(output(path, ['--version']))}`,
  }
}

function runtime(
  name: string,
  label: string,
  path: string,
  serves: readonly Protocol[],
  script: string[],
): ComparisonPeer {
  return {
    name,
    label,
    group: 'javascript',
    serves,
    command: (protocol) => [path, ...script, '--serve', protocol],
    missing: () => missingRuntime(label, path),
    version: () => `${label} ${versionIn(output(path, ['--version']))}`,
  }
}

function missingRuntime(label: string, path: string): string | undefined {
  return isExecutable(path) ? undefined : `${label} is not installed: npm run bench -- --setup`
}

/** Not in npm's registry: its author publishes it on GitHub alone. */
function uWebSockets(): ComparisonPeer {
  const folder = join(RUNTIMES_DIR, 'node_modules/uWebSockets.js')
  return {
    name: 'uwebsockets',
    label: 'uWebSockets.js',
    group: 'javascript',
    serves: ['http'],
    command: () => [process.execPath, peerFile('uwebsockets.mjs'), '--module', join(folder, 'uws.js')],
    missing: () =>
      existsSync(folder)
        ? undefined
        : `uWebSockets.js is on GitHub alone: npm install --no-save --prefix bench/runtimes uNetworking/uWebSockets.js#v20.52.0`,
    version: () =>
      `uWebSockets.js ${(createRequire(import.meta.url)(`${folder}/package.json`) as { version: string }).version}`,
  }
}
