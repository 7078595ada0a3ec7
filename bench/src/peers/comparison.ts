/** Who is compared by `npm run bench`. */
import type { ComparisonPeer } from './comparison-peer.js'
import { javascriptPeers } from './javascript.js'
import { nativePeers } from './native.js'
import type { PeerOptions } from './peer.js'
import { polluxPeers } from './pollux.js'
import { productPeers } from './products.js'

/** All of them, those that are not on this machine too: `preparePeers` tells them apart. */
export function listComparisonPeers(options: PeerOptions = {}): ComparisonPeer[] {
  return [...polluxPeers(options), ...javascriptPeers(), ...nativePeers(options), ...productPeers()]
}
