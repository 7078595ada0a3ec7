import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { program } from './compile.js'
import { BENCH_DIR, ROOT_DIR } from './paths.js'

/** A server to compare. It takes `--host` and `--port`, and prints `listening on tcp://HOST:PORT`. */
export interface Peer {
  /** What `--only` and the raw results call it. */
  name: string
  /** The head of its column. */
  label: string
  command: string[]
  /** A file that must be there to start it, with what to do when it is not. */
  requires?: { path: string; hint: string }
}

/** All others are compared with this one. */
export const REFERENCE = 'c-epoll'

export interface PeerOptions {
  /** Another built checkout of Pollux, to be compared in the same run. */
  against?: string | undefined
  /** The poller that Pollux shall use; its own choice without it. */
  backend?: string | undefined
  /** Add a second, identical reference: its ratio to the first is the noise of the method. */
  twin?: boolean | undefined
}

export function listPeers(options: PeerOptions = {}): Peer[] {
  const peers: Peer[] = [{ name: REFERENCE, label: 'C epoll', command: [program('epoll-echo')] }]
  if (options.twin)
    peers.push({ name: 'c-epoll-twin', label: 'C epoll twin', command: [program('epoll-echo')] })
  peers.push(...polluxPeers(ROOT_DIR, '', options.backend))
  if (options.against !== undefined) {
    peers.push(...polluxPeers(resolve(options.against), '@against', options.backend))
  }
  peers.push({
    name: 'node-net',
    label: 'node:net',
    command: [process.execPath, join(BENCH_DIR, 'peers/node-net-echo.mjs')],
  })
  return peers
}

function polluxPeers(root: string, suffix: string, backend: string | undefined): Peer[] {
  const path = join(root, 'examples/dist/echo.js')
  const command = [process.execPath, path, ...(backend === undefined ? [] : ['--backend', backend])]
  const requires = { path, hint: `build Pollux in ${root} first: npm run build` }
  return [
    {
      name: `pollux-borrowed${suffix}`,
      label: `Pollux borrowed${suffix}`,
      command: [...command, '--borrow'],
      requires,
    },
    { name: `pollux-owned${suffix}`, label: `Pollux owned${suffix}`, command, requires },
  ]
}

/** Throws when the peer's program is not there. A peer that is asked for is never left out silently. */
export function checkPeer(peer: Peer): void {
  if (peer.requires && !existsSync(peer.requires.path)) {
    throw new Error(`${peer.name} can't start: ${peer.requires.path} is missing. ${peer.requires.hint}`)
  }
}
