import { existsSync } from 'node:fs'

/**
 * A server to start. It takes `--host` and `--port`, or `--unix`, prints `listening on tcp://HOST:PORT` (or `udp://`,
 * or `unix:PATH`), and ends on SIGTERM.
 */
export interface Peer {
  /** What `--only` and the raw results call it. */
  name: string
  /** The head of its column. */
  label: string
  command: string[]
  /** A client of its own, where a row measures both ends. */
  client?: string[]
  /** Flags that let it take and give several datagrams in one; missing where it cannot. */
  segments?: string[]
  /** It runs with what a row changes. */
  isChanged?: boolean
  /** A file that must be there to start it, with what to do when it is not. */
  requires?: { path: string; hint: string }
}

export interface PeerOptions {
  /** Another built checkout of Pollux, to be compared in the same run. */
  against?: string | undefined
  /** The poller that Pollux shall use; its own choice without it. */
  backend?: string | undefined
  /** Add a second, identical reference: its ratio to the first is the noise of the method. */
  twin?: boolean | undefined
}

/** Throws when the peer's program is not there. A peer that is asked for is never left out silently. */
export function checkPeer(peer: Peer): void {
  if (peer.requires && !existsSync(peer.requires.path)) {
    throw new Error(`${peer.name} can't start: ${peer.requires.path} is missing. ${peer.requires.hint}`)
  }
}
