/** Other runtimes of JavaScript, and Node.js without Pollux. */
import { join } from 'node:path'
import { BENCH_DIR } from '../paths.js'
import type { ComparisonPeer } from './comparison-peer.js'

const NODE_SCRIPTS = { tcp: 'node-net-echo.mjs', udp: 'node-dgram-echo.mjs', http: 'node-http.mjs' } as const

export function javascriptPeers(): ComparisonPeer[] {
  return [
    {
      name: 'node',
      label: `Node.js ${process.versions.node.split('.')[0]}`,
      group: 'javascript',
      serves: ['tcp', 'udp', 'http'],
      command: (protocol) => [
        process.execPath,
        join(BENCH_DIR, 'peers', NODE_SCRIPTS[protocol as keyof typeof NODE_SCRIPTS]),
      ],
      missing: () => undefined,
      version: () => `Node.js ${process.version}`,
    },
  ]
}
