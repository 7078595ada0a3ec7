/** Who is compared in the suites `echo`, `udp` and `codecs`. */
import { join, resolve } from 'node:path'
import { program } from '../compile.js'
import { BENCH_DIR, ROOT_DIR } from '../paths.js'
import type { Peer, PeerOptions } from './peer.js'

export function listPeers(options: PeerOptions = {}): Peer[] {
  const peers: Peer[] = [{ name: 'c-epoll', label: 'C epoll', command: [program('epoll-echo')] }]
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

/** Servers of datagrams. */
export function listUdpPeers(options: PeerOptions = {}): Peer[] {
  const command = [program('udp-echo'), '--mode', 'batch']
  const segments = ['--gro']
  const peers: Peer[] = [
    { name: 'c-batch', label: 'C recvmmsg', command, segments },
    { name: 'c-plain', label: 'C recvfrom', command: [program('udp-echo'), '--mode', 'plain'] },
  ]
  if (options.twin) peers.push({ name: 'c-batch-twin', label: 'C recvmmsg twin', command, segments })
  const pollux = polluxUdpPeer(ROOT_DIR, '', options.backend)
  const { segments: _, ...plain } = { ...pollux, command: [...pollux.command, '--no-gso'] }
  peers.push(pollux, { ...plain, name: `${pollux.name}-plain`, label: 'Pollux without GSO' })
  if (options.against !== undefined) {
    peers.push(polluxUdpPeer(resolve(options.against), '@against', options.backend))
  }
  peers.push({
    name: 'node-dgram',
    label: 'node:dgram',
    command: [process.execPath, join(BENCH_DIR, 'peers/node-dgram-echo.mjs')],
  })
  return peers
}

/** The same server, borrowed: without a codec, with each of two, and with one and all that production asks for. */
export function listCodecPeers(options: PeerOptions = {}): Peer[] {
  const raw = polluxCodecPeer(ROOT_DIR, '', options.backend, 'raw', 'echo.js')
  const peers = [raw]
  if (options.twin) peers.push({ ...raw, name: `${raw.name}-twin`, label: `${raw.label} twin` })
  const withCodecs = (root: string, suffix: string) => [
    polluxCodecPeer(root, suffix, options.backend, 'lines', 'lines-echo.js'),
    polluxCodecPeer(root, suffix, options.backend, 'length', 'length-echo.js'),
    observed(polluxCodecPeer(root, suffix, options.backend, 'lines-observed', 'lines-echo.js')),
  ]
  peers.push(...withCodecs(ROOT_DIR, ''))
  if (options.against !== undefined) peers.push(...withCodecs(resolve(options.against), '@against'))
  return peers
}

/** An example, and the same of another checkout where one is named. */
export function polluxExamplePeers(name: string, file: string, options: PeerOptions): Peer[] {
  const environment = options.backend === undefined ? [] : ['env', `POLLUX_BACKEND=${options.backend}`]
  const peer = (root: string, suffix: string): Peer => {
    const { command, requires } = polluxExample(root, file, undefined)
    return {
      name: `${name}${suffix}`,
      label: `Pollux${suffix}`,
      command: [...environment, ...command],
      requires,
    }
  }
  const peers = [peer(ROOT_DIR, '')]
  if (options.against !== undefined) peers.push(peer(resolve(options.against), '@against'))
  return peers
}

/** With metrics, logs, limits and the watch for overload. */
function observed(peer: Peer): Peer {
  return { ...peer, command: [...peer.command, '--observe'] }
}

function polluxCodecPeer(
  root: string,
  suffix: string,
  backend: string | undefined,
  name: string,
  file: string,
): Peer {
  const { command, requires } = polluxExample(root, file, undefined)
  // By the environment: of the examples with a codec, none is about backends.
  const environment = backend === undefined ? [] : ['env', `POLLUX_BACKEND=${backend}`]
  return {
    name: `pollux-${name}${suffix}`,
    label: `${name === 'length' ? 'lengthPrefixed' : name}${suffix}`,
    command: [...environment, ...command, '--borrow'],
    requires,
  }
}

function polluxUdpPeer(root: string, suffix: string, backend: string | undefined): Peer {
  return {
    name: `pollux-udp${suffix}`,
    label: `Pollux${suffix}`,
    segments: ['--gro', '--gso'],
    ...polluxExample(root, 'udp-echo.js', backend),
  }
}

/** An example as a peer's command. */
export function polluxExample(root: string, file: string, backend: string | undefined) {
  const path = join(root, 'examples/dist', file)
  const command = [process.execPath, path, ...(backend === undefined ? [] : ['--backend', backend])]
  return { command, requires: { path, hint: `build Pollux in ${root} first: npm run build` } }
}

function polluxPeers(root: string, suffix: string, backend: string | undefined): Peer[] {
  const { command, requires } = polluxExample(root, 'echo.js', backend)
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
