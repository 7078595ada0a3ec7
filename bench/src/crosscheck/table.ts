/** Do the tools agree? */
import { Figures } from '../comparison/figures.js'
import { formatInterval, formatValue, markdownTable } from '../format.js'
import type { LoadResult } from '../load.js'
import type { FilePeer, FileTrial, FileWorkload } from '../results-file.js'
import { difference, type Interval, median } from '../stats.js'

const OURS = 'pollux-bench'
const NONE = '–'
const LOAD_BOUND = '†'

/** The server that iperf3's figures are held against: an echo whose cost is the kernel's. */
const IPERF3_AGAINST = 'c-epoll'

export interface Agreement {
  workload: FileWorkload
  server: FilePeer
  tool: string
  /** Of the tool, and of pollux-bench against the same server. */
  value: Interval
  ours: Interval
  /** The tool's by ours, paired within each round. */
  ratio: Interval
  cpuRatio: Interval | undefined
  /** Whether each of the two was its own bottleneck. */
  loadBound: { tool: boolean; ours: boolean }
  verdict: AgreementVerdict
}

/** bound: they differ, and the slower of them had no time left: the server can do more, as the other one shows. */
export type AgreementVerdict = 'agree' | 'differ' | 'bound' | 'unknown'

/** What the report and the terminal call them. */
export const VERDICTS: Record<AgreementVerdict, string> = {
  agree: 'agree within noise',
  differ: 'differ',
  bound: 'the slower tool had no time left',
  unknown: 'too few rounds to tell',
}

/** Every tool beside pollux-bench, workload by workload. */
export function agreements(file: {
  peers: readonly FilePeer[]
  workloads: readonly FileWorkload[]
  trials: readonly FileTrial[]
}): Agreement[] {
  // Figures are asked by peer: here that is a tool at a server.
  const figures = new Figures(file.trials.map((trial) => ({ ...trial, peer: `${trial.tool} ${trial.peer}` })))
  const tools = [...new Set(file.trials.map(({ tool = OURS }) => tool))].filter((tool) => tool !== OURS)
  return file.workloads.flatMap((workload) =>
    file.peers.flatMap((server) =>
      tools.flatMap((tool): Agreement[] => {
        const ourServer = server.name === 'iperf3' ? IPERF3_AGAINST : server.name
        const theirs = `${tool} ${server.name}`
        const own = `${OURS} ${ourServer}`
        const value = figures.value(workload.name, theirs)
        const ours = figures.value(workload.name, own)
        const ratio = figures.ratio(workload.name, theirs, own)
        if (value === undefined || ours === undefined || ratio === undefined) return []
        const busy = (who: string) => isBusy(figures.of(workload.name, who))
        const loadBound = {
          tool: figures.loadBound(workload.name, theirs),
          ours: figures.loadBound(workload.name, own),
        }
        return [
          {
            ...{ workload, server, tool, value, ours, ratio },
            cpuRatio: figures.cpuRatio(workload.name, theirs, own),
            loadBound,
            verdict: judge(ratio, { tool: busy(theirs), ours: busy(own) }),
          },
        ]
      }),
    ),
  )
}

/** Within 2% there is nothing that one would look for, whatever the interval. */
const CLOSE = 0.02

function judge(ratio: Interval, busy: { tool: boolean; ours: boolean }): AgreementVerdict {
  if (Math.abs(ratio.median - 1) <= CLOSE) return 'agree'
  const found = difference(ratio)
  if (found === 'none') return 'agree'
  if (found === 'unknown') return 'unknown'
  return (found === 'less' ? busy.tool : busy.ours) ? 'bound' : 'differ'
}

const BUSY = 0.95

/** Whether a tool had no time left, in the median of its trials. */
function isBusy(trials: readonly FileTrial[]): boolean {
  const shares = trials.flatMap(({ result, raw, error }) => {
    if (error !== undefined) return []
    return result?.rounds[0]?.clientBusy ?? (raw as Partial<LoadResult> | undefined)?.loadBusy ?? []
  })
  return shares.length > 0 && median(shares) >= BUSY
}

export function agreementTable(all: readonly Agreement[]): string {
  const rows = all.map(({ workload, server, tool, value, ours, ratio, cpuRatio, loadBound, verdict }) => [
    workload.label,
    server.label,
    tool,
    `${formatValue(value.median, workload.unit)}${loadBound.tool ? LOAD_BOUND : ''}`,
    `${formatValue(ours.median, workload.unit)}${loadBound.ours ? LOAD_BOUND : ''}`,
    formatInterval(ratio),
    cpuRatio === undefined ? NONE : formatInterval(cpuRatio),
    VERDICTS[verdict],
  ])
  const head = [
    'load',
    'server',
    'tool',
    'per second',
    OURS,
    'tool ÷ ours',
    'server CPU a message',
    'verdict',
  ]
  return (
    `${markdownTable(head, rows)}\n\n` +
    'Ratios are of the same round, with their confidence interval; two tools agree where it holds 1, or within 2%.\n' +
    `${LOAD_BOUND} This tool was the bottleneck: the server could have done more, and the rate is the tool's.\n` +
    'iperf3 knows only its own server: it sends both ways, and is held against an echo in C, where the same bytes travel.'
  )
}
