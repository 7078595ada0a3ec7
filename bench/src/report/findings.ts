/** What a comparison found: in each workload, the best of Pollux against the best of the others. */
import { Figures } from '../comparison/figures.js'
import type { FilePeer, FileWorkload, ResultsFile } from '../results-file.js'
import { difference, type Interval } from '../stats.js'

/** Level: as far as the interval tells, neither is ahead. */
export type Outcome = 'ahead' | 'level' | 'behind'

/** Pollux against one other peer. */
export interface Versus {
  peer: FilePeer
  /** Pollux by the other, in the workload's unit. */
  ratio: Interval
  outcome: Outcome
  /** Whether that is told with 95%; else it is what the medians say. */
  isCertain: boolean
  /** The CPU time for a message, of Pollux by that of the other. */
  cpu?: Interval
  /** The generator set the pace of one of them: they may differ more, or the other way round. */
  isBound: boolean
}

export interface Finding {
  workload: FileWorkload
  /** Those with a figure, the best first. */
  peers: FilePeer[]
  /** The way to use Pollux that is the best here. */
  pollux?: FilePeer
  /** The best that isn't Pollux, and the best of each kind. */
  best?: Versus
  javascript?: Versus
  native?: Versus
  product?: Versus
}

export const lessIsBetter = ({ unit }: Pick<FileWorkload, 'unit'>) => unit === 'bytes'

export const isPollux = ({ name, group }: Pick<FilePeer, 'name' | 'group'>) =>
  group === 'pollux' || name.startsWith('pollux')

/** Another revision in the same run is no peer: `--against` has a table of its own. */
const isAgainst = ({ name }: FilePeer) => name.endsWith('@against')

export function findAll({ workloads, peers, trials }: ResultsFile): Finding[] {
  const figures = new Figures(trials)
  const own = peers.filter((peer) => !isAgainst(peer))
  return workloads
    .map((workload) => find(workload, own, figures))
    .filter((finding) => finding.peers.length > 0)
}

function find(workload: FileWorkload, all: readonly FilePeer[], figures: Figures): Finding {
  const sign = lessIsBetter(workload) ? 1 : -1
  const rank = ({ name }: FilePeer) => (figures.value(workload.name, name)?.median ?? 0) * sign
  const peers = all
    .filter(({ name }) => figures.value(workload.name, name) !== undefined)
    .sort((a, b) => rank(a) - rank(b))
  const finding: Finding = { workload, peers }
  const pollux = peers.find(isPollux)
  if (pollux === undefined) return finding
  finding.pollux = pollux
  const against = (test: (peer: FilePeer) => boolean): Versus | undefined => {
    const peer = peers.find((other) => !isPollux(other) && test(other))
    const ratio = peer && figures.ratio(workload.name, pollux.name, peer.name)
    if (peer === undefined || ratio === undefined) return undefined
    const cpu = figures.cpuRatio(workload.name, pollux.name, peer.name)
    const isBound = [pollux, peer].some(({ name }) => figures.loadBound(workload.name, name))
    return {
      ...{ peer, ratio, isBound },
      ...(cpu === undefined ? {} : { cpu }),
      ...judge(ratio, lessIsBetter(workload)),
    }
  }
  const found = {
    best: against(() => true),
    javascript: against(({ group }) => group === 'javascript'),
    native: against(({ group }) => group === 'native'),
    product: against(({ group }) => group === 'product'),
  }
  for (const [kind, versus] of Object.entries(found)) {
    if (versus !== undefined) finding[kind as keyof typeof found] = versus
  }
  return finding
}

function judge(ratio: Interval, isLess: boolean): Pick<Versus, 'outcome' | 'isCertain'> {
  const told = difference(ratio)
  const isCertain = told !== 'unknown'
  if (told === 'none' || ratio.median === 1) return { outcome: 'level', isCertain }
  const isMore = isCertain ? told === 'more' : ratio.median > 1
  return { outcome: isMore === isLess ? 'behind' : 'ahead', isCertain }
}

/** How often each outcome was found, against the best of the others or the best of a kind. */
export function tally(findings: readonly Finding[], kind: 'best' | 'javascript' | 'native' = 'best') {
  const versus = findings.flatMap((finding) => finding[kind] ?? [])
  const of = (outcome: Outcome) => versus.filter((each) => each.outcome === outcome).length
  return { all: versus.length, ahead: of('ahead'), level: of('level'), behind: of('behind') }
}
