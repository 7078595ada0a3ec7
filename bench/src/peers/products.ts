/** Products, for the protocols that they are made for. */
import { join } from 'node:path'
import { BENCH_DIR } from '../paths.js'
import type { ComparisonPeer } from './comparison-peer.js'

export function productPeers(): ComparisonPeer[] {
  return [
    {
      name: 'nginx',
      label: 'nginx',
      group: 'product',
      serves: ['http'],
      command: () => ['sh', join(BENCH_DIR, 'peers/nginx.sh')],
      missing: () => undefined,
      version: () => '',
    },
  ]
}
