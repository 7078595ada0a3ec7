/** Servers in compiled languages, with each of the libraries that one would take there. */
import { program } from '../compile.js'
import type { ComparisonPeer } from './comparison-peer.js'
import type { PeerOptions } from './peer.js'

export function nativePeers(_options: PeerOptions): ComparisonPeer[] {
  return [
    {
      name: 'c-epoll',
      label: 'C epoll',
      group: 'native',
      serves: ['tcp', 'fanout'],
      command: (protocol) => [program(protocol === 'fanout' ? 'epoll-fanout' : 'epoll-echo')],
      missing: () => undefined,
      version: () => '',
    },
  ]
}
