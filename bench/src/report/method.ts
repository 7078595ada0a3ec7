/** The machine and the way it was measured, as rows of a table and as words; and what of it. */

import { describeCoverage } from '../comparison/table.js'
import type { FileWorkload, ResultsFile } from '../results-file.js'
import { interval } from '../stats.js'

export function environmentRows({ environment }: ResultsFile): [string, string][] {
  const { cpu, coreCount, cores, memoryGiB, kernel, congestionControl, node, v8, compiler } = environment
  const list = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; ') || 'not known'
  return [
    [
      'CPU',
      `${cpu}, ${coreCount} cores; the server on core ${cores.server}, the generator on core ${cores.load}`,
    ],
    ['memory', `${memoryGiB} GiB`],
    ['kernel', `Linux ${kernel}, TCP ${congestionControl}`],
    ['Node.js', `${node} (V8 ${v8})`],
    ['compiler', compiler],
    ['tools', list(environment.tools)],
    ['mitigations', list(environment.mitigations)],
    ['sysctls', list(environment.sysctls)],
    ['load before it began', environment.loadAverage.toFixed(2)],
  ]
}

export function methodRows({
  method,
  command,
  startedAt,
  seconds,
  revision,
  trials,
}: ResultsFile): [string, string][] {
  const { rounds, durationSeconds, warmupSeconds, seed, quick } = method
  const count = (test: (trial: ResultsFile['trials'][number]) => unknown) => trials.filter(test).length
  const coverage = interval(Array.from({ length: rounds }, (_, i) => i))?.coverage ?? 0
  return [
    ['command', `npm run bench -- ${command.join(' ')}`.trim()],
    ['revision', revision],
    ['begun, took', `${startedAt}, ${Math.round(seconds / 60)} minutes`],
    [
      'rounds',
      `${rounds} of ${durationSeconds} s a trial after ${warmupSeconds} s of warm-up, in random order (seed ${seed})${quick ? '; a quick run' : ''}`,
    ],
    ['figures', `medians; ${describeCoverage(rounds, coverage)}`],
    [
      'trials',
      `${trials.length}, each a fresh process; ${count(({ error }) => error !== undefined)} failed, ` +
        `${count(({ loadBound }) => loadBound)} set by the generator (†), ` +
        `${count(({ disturbed }) => disturbed)} disturbed by other processes; none was dropped`,
    ],
  ]
}

/** The command, and the machine that it ran on. */
export function measuredBy({ command, environment: { coreCount, cpu, kernel, node } }: ResultsFile): string {
  return `\`npm run bench -- ${command.join(' ')}\` on ${coreCount} cores of ${cpu}, Linux ${kernel}, Node.js ${node.replace('v', '')}`
}

export function roundsOf({ method: { rounds } }: ResultsFile): string {
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`
}

/**
 * The workloads of these names, in the order wanted; all where there are none.
 *
 * @throws Error for one that the results do not have
 */
export function workloadsOf(
  { name: results, workloads }: ResultsFile,
  names: readonly string[],
): FileWorkload[] {
  if (names.length === 0) return workloads
  return names.map((name) => {
    const found = workloads.find((workload) => workload.name === name)
    if (found !== undefined) return found
    const known = workloads.map((workload) => workload.name).join(', ')
    throw new Error(`results: ${results} has no ${name}; there are ${known}`)
  })
}
