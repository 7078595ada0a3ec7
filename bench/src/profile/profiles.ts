/** Whose time is taken apart: Pollux and who does best or is the measure, wherever Pollux is behind or is asked why. */
import { WORKLOADS, type Workload } from '../comparison/workloads.js'

export interface Profiled {
  workload: Workload
  /** Names of the comparison's peers; the first is the one that the others are held against. */
  peers: readonly string[]
}

const ECHO = ['c-epoll', 'pollux-borrowed', 'pollux-owned']

const BY_WORKLOAD: Readonly<Record<string, readonly string[]>> = {
  'echo-64Bx50': [...ECHO, 'pollux-net', 'node'],
  'echo-64Bx50x16': ECHO,
  'echo-4KiBx50': ECHO,
  'echo-64KiBx10': [...ECHO, 'pollux-net', 'node'],
  'cost-64Bx10': ['c-epoll', 'pollux-borrowed'],
  'cost-64Bx10000': ['c-epoll', 'pollux-borrowed'],
  'slow-readers': ['c-epoll', 'pollux-borrowed'],
  'unix-64Bx50': ['c-libuv', 'c-epoll', 'pollux-borrowed'],
  'udp-64Bx4x32': ['c-recvfrom', 'pollux', 'node'],
  'http-hello': ['nginx', 'pollux', 'node'],
}

export const PROFILES: readonly Profiled[] = WORKLOADS.flatMap((workload) => {
  const peers = BY_WORKLOAD[workload.name]
  return peers === undefined ? [] : [{ workload, peers }]
})
