/** Where a process spends its time, as perf(1) samples it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect } from '../collect.js'
import { find } from '../peers/programs.js'
import { UsageError } from '../usage-error.js'
import { countPlaces } from './places.js'

/** A second: enough for a percent, and too little to be felt. */
const SAMPLES_PER_SECOND = 1999

/** @throws UsageError where there is no perf */
export function checkPerf(): void {
  if (find('perf') === undefined) throw new UsageError('profile needs perf: apt-get install linux-perf')
}

/**
 * Samples all threads of a process for so long, while it works. perf itself starts at once: it takes a while to, and longer
 * when all cores are busy.
 *
 * @param delaySeconds until the first sample
 * @returns how many samples were taken in each place
 * @throws Error with what perf said, where it may not watch
 */
export async function samplePlaces(
  pid: number,
  delaySeconds: number,
  seconds: number,
): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-perf-'))
  const file = join(folder, 'perf.data')
  try {
    // A software clock: virtual machines have no counters of the processor.
    await run('perf', [
      ...['record', '-q', '-e', 'cpu-clock', '-F', String(SAMPLES_PER_SECOND), '-g'],
      ...['-D', String(Math.round(delaySeconds * 1000)), '-p', String(pid), '-o', file],
      ...['--', 'sleep', String(delaySeconds + seconds)],
    ])
    return countPlaces(await run('perf', ['script', '-i', file, '-F', 'ip,sym,dso']))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { output, errors, code } = await collect(program, args).ended
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}: ${errors.trim()}`)
  return output
}
