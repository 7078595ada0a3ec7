/** Products, for the protocols that they are made for. */
import { join } from 'node:path'
import { BENCH_DIR } from '../paths.js'
import type { ComparisonPeer, Protocol } from './comparison-peer.js'
import { byApt, find, output, versionIn } from './programs.js'

export function productPeers(): ComparisonPeer[] {
  return [
    product('nginx', 'nginx', 'http', { program: 'nginx', version: '-v', debian: ['nginx-light'] }),
    product('haproxy', 'HAProxy', 'http', { program: 'haproxy', version: '-v', debian: ['haproxy'] }),
    product('redis', 'Redis', 'resp', {
      program: 'redis-server',
      version: '--version',
      debian: ['redis-server', 'redis-tools'],
    }),
    product('memcached', 'memcached', 'memcache', {
      program: 'memcached',
      version: '--version',
      debian: ['memcached'],
    }),
  ]
}

interface Installed {
  program: string
  /** The flag that asks for it. */
  version: string
  /** Packages. */
  debian: string[]
}

/** Started by the shell script of its name, of which it takes the place. */
function product(name: string, label: string, protocol: Protocol, installed: Installed): ComparisonPeer {
  return {
    name,
    label,
    group: 'product',
    serves: [protocol],
    command: () => ['sh', join(BENCH_DIR, `peers/${name}.sh`)],
    debian: installed.debian,
    missing: () => (find(installed.program) === undefined ? byApt(label, ...installed.debian) : undefined),
    version: () => `${label} ${versionIn(output(find(installed.program) as string, [installed.version]))}`,
  }
}
