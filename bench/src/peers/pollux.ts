/** Pollux, in the ways that it is used, of this checkout and of another one. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BENCH_DIR, ROOT_DIR } from '../paths.js'
import type { ComparisonPeer, Protocol } from './comparison-peer.js'
import type { PeerOptions } from './peer.js'

export function polluxPeers(options: PeerOptions): ComparisonPeer[] {
  const peers = ofCheckout(ROOT_DIR, '', options.backend)
  if (options.against === undefined) return peers
  return [...peers, ...ofCheckout(resolve(options.against), '@against', options.backend)]
}

function ofCheckout(root: string, suffix: string, backend: string | undefined): ComparisonPeer[] {
  const node = [...(backend === undefined ? [] : ['env', `POLLUX_BACKEND=${backend}`]), process.execPath]
  const peer = (
    name: string,
    label: string,
    commands: Partial<Record<Protocol, string[]>>,
  ): ComparisonPeer => ({
    name: `${name}${suffix}`,
    label: `${label}${suffix}`,
    group: 'pollux',
    serves: Object.keys(commands) as Protocol[],
    command: (protocol) => [...node, ...(commands[protocol] as string[])],
    missing: () =>
      existsSync(join(root, 'examples/dist/echo.js'))
        ? undefined
        : `Pollux in ${root} is not built: npm run build`,
    version: () => `Pollux ${versionOf(root)}, Node.js ${process.version}`,
  })
  const example = (file: string, ...flags: string[]) => [join(root, 'examples/dist', file), ...flags]
  const echo = (...flags: string[]) => ({
    tcp: example('echo.js', ...flags),
    unix: example('echo.js', ...flags),
  })
  const fanout = [join(BENCH_DIR, 'peers/pollux-fanout.mjs'), '--root', root]
  const net = (serve: string) => [
    join(BENCH_DIR, 'peers/net.mjs'),
    ...['--net', join(root, 'packages/net/dist/index.js')],
    ...['--attach', join(root, 'packages/net/dist/http/index.js'), '--serve', serve],
  ]
  return [
    peer('pollux-borrowed', 'Pollux borrowed', echo('--borrow')),
    peer('pollux-owned', 'Pollux owned', echo()),
    // What has no choice between the two.
    peer('pollux', 'Pollux', {
      udp: example('udp-echo.js'),
      http: example('http.js'),
      resp: example('kv.js'),
      fanout,
    }),
    peer('pollux-net', '@pollux/net', {
      tcp: net('bounded'),
      unix: net('bounded'),
      http: net('http'),
      fanout: net('fanout'),
    }),
  ]
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}
