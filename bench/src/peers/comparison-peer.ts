import type { Peer } from './peer.js'

/** What a server speaks: an echo over streams or datagrams, `GET /hello`, the protocols of two stores, fan-out. */
export type Protocol = 'tcp' | 'unix' | 'udp' | 'http' | 'resp' | 'memcache' | 'fanout'

export type Group = 'pollux' | 'javascript' | 'native' | 'product'

/** Somebody to be compared with: one language and library, or one product, in all protocols that it serves here. */
export interface ComparisonPeer {
  /** What `--only` and the results call it. */
  name: string
  /** The head of its column. */
  label: string
  group: Group
  serves: readonly Protocol[]
  /**
   * Starts its server for a protocol; to be followed by `--host HOST --port PORT`, or `--unix PATH` for `unix`, and by
   * `--size BYTES` (of one message) for `fanout`.
   */
  command(protocol: Protocol): string[]
  /** What isn't there to run it, and how to get it; undefined where nothing is missing. */
  missing(): string | undefined
  /** Debian's packages that it needs, where `--setup` can install any. */
  debian?: readonly string[]
  /** Compiles what is older than its sources. Throws with what the compiler said. */
  build?(): void
  /** Of the library, runtime or product: `'Go 1.19.8'`. Asked for when nothing is missing and it is built. */
  version(): string
}

/** The peer as a server to start for one protocol. */
export function serving(peer: ComparisonPeer, protocol: Protocol): Peer {
  return { name: peer.name, label: peer.label, command: peer.command(protocol) }
}

/** A peer that stays out, and why. */
export interface Skipped {
  peer: string
  why: string
}

/** Builds what can be built here. Nobody is left out without a reason that can be printed. */
export function preparePeers<P extends ComparisonPeer>(
  peers: readonly P[],
): { ready: P[]; skipped: Skipped[] } {
  const ready: P[] = []
  const skipped: Skipped[] = []
  for (const peer of peers) {
    // Some of what is missing shows when it is built.
    const why = peer.missing() ?? buildError(peer) ?? peer.missing()
    if (why === undefined) ready.push(peer)
    else skipped.push({ peer: peer.name, why })
  }
  return { ready, skipped }
}

function buildError(peer: ComparisonPeer): string | undefined {
  try {
    peer.build?.()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
