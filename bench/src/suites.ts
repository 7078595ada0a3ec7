import { FANOUT } from './fanout.js'
import { HTTP_SHAPES, HTTP_TARGETS, listHttpPeers } from './http.js'
import { KNOBS } from './knobs.js'
import { KV_SHAPES, KV_TARGETS, listKvPeers } from './kv.js'
import { listNetPeers, NET_SHAPES, NET_TARGETS } from './net.js'
import type { Peer, PeerOptions } from './peers/peer.js'
import { listCodecPeers, listPeers, listUdpPeers } from './peers/suites.js'
import { CODEC_SHAPES, SHAPES, type Shape, UDP_SHAPES } from './shapes.js'
import { CODEC_TARGETS, TARGETS, type Target, UDP_TARGETS } from './targets.js'

/** One thing to benchmark: who is compared, under what load, and what Pollux wants to reach. */
export interface Suite {
  name: string
  shapes: Shape[]
  peers: (options?: PeerOptions) => Peer[]
  /** All others are compared with this one. */
  reference: string
  /** What the heads of their columns call it. */
  referenceLabel: string
  /** Every Pollux is compared with this one too. */
  node?: string
  /** Of one trial, where there are too many for the 1.5 s of the others. */
  durationSeconds?: number
  targets: Target[]
}

export const ECHO: Suite = {
  name: 'echo',
  shapes: SHAPES,
  peers: listPeers,
  reference: 'c-epoll',
  referenceLabel: 'C',
  node: 'node-net',
  targets: TARGETS,
}

export const UDP: Suite = {
  name: 'udp',
  shapes: UDP_SHAPES,
  peers: listUdpPeers,
  reference: 'c-batch',
  referenceLabel: 'C',
  node: 'node-dgram',
  targets: UDP_TARGETS,
}

export const CODECS: Suite = {
  name: 'codecs',
  shapes: CODEC_SHAPES,
  peers: listCodecPeers,
  reference: 'pollux-raw',
  referenceLabel: 'raw',
  targets: CODEC_TARGETS,
}

export const KV: Suite = {
  name: 'kv',
  shapes: KV_SHAPES,
  peers: listKvPeers,
  reference: 'redis',
  referenceLabel: 'Redis',
  targets: KV_TARGETS,
}

export const HTTP: Suite = {
  name: 'http',
  shapes: HTTP_SHAPES,
  peers: listHttpPeers,
  reference: 'nginx',
  referenceLabel: 'nginx',
  node: 'node-http',
  targets: HTTP_TARGETS,
}

export const NET: Suite = {
  name: 'net',
  shapes: NET_SHAPES,
  peers: listNetPeers,
  reference: 'node-net',
  referenceLabel: 'node:net',
  targets: NET_TARGETS,
}

export const SUITES = [ECHO, UDP, CODECS, KV, HTTP, FANOUT, NET, KNOBS]
