/** `npm run bench -- --list`: who is compared, who is here, how to get the others, and under what loads. */
import { WORKLOADS } from './comparison/workloads.js'
import { listComparisonPeers } from './peers/comparison.js'
import type { ComparisonPeer, Group } from './peers/comparison-peer.js'
import { SUITES } from './suites.js'

const HEADS: Record<Group, string> = {
  pollux: 'Pollux',
  javascript: 'JavaScript without Pollux',
  native: 'compiled languages',
  product: 'products, for their protocols',
}

/** All of it. */
export function listText(): string {
  return `${peersText(listComparisonPeers())}\n${workloadsText()}\n${suitesText()}`
}

/** Who is compared. What would have to be compiled first counts as there. */
export function peersText(peers: readonly ComparisonPeer[]): string {
  const nameWidth = Math.max(...peers.map(({ name }) => name.length)) + 2
  const servesWidth = Math.max(...peers.map(({ serves }) => serves.join(' ').length)) + 2
  const line = (peer: ComparisonPeer) => {
    const start = `  ${peer.name.padEnd(nameWidth)}${peer.serves.join(' ').padEnd(servesWidth)}`
    const why = peer.missing()
    return why === undefined ? `${start}here` : `${start}missing: ${why}`
  }
  const groups = (Object.keys(HEADS) as Group[]).map((group) => {
    const members = peers.filter((peer) => peer.group === group)
    return [HEADS[group], ...members.map(line)].join('\n')
  })
  return `${groups.join('\n\n')}\n`
}

function workloadsText(): string {
  const width = Math.max(...WORKLOADS.map(({ name }) => name.length)) + 2
  const lines = WORKLOADS.map(({ name, label }) => `  ${name.padEnd(width)}${label}`)
  return ['workloads (--workload)', ...lines, ''].join('\n')
}

function suitesText(): string {
  const names = (all: readonly { name: string }[]) => all.map(({ name }) => name).join(', ')
  const lines = SUITES.flatMap(({ name, peers, shapes }) => [
    `  ${name}`,
    `    peers   ${names(peers())}`,
    `    shapes  ${names(shapes)}`,
  ])
  return ['suites', ...lines, ''].join('\n')
}
