/** What several workers counted, together. */
import type { Sample } from './recorder.js'
import type { Worker } from './worker.js'

/** What all workers have counted since this was last asked. */
export async function takeSample(workers: Worker[]): Promise<Sample> {
  return merge(await Promise.all(workers.map((worker) => worker.sample())))
}

/** What several workers counted in the same stretch of time. */
function merge(samples: Sample[]): Sample {
  const sum = (field: 'messages' | 'bytes' | 'verifiedBytes' | 'lost' | 'turns' | 'events') =>
    samples.reduce((total, sample) => total + sample[field], 0)
  const [first, ...others] = samples as [Sample, ...Sample[]]
  for (const { histogram } of others) first.histogram.add(histogram)
  return {
    seconds: samples.reduce((total, { seconds }) => total + seconds, 0) / samples.length,
    messages: sum('messages'),
    bytes: sum('bytes'),
    verifiedBytes: sum('verifiedBytes'),
    lost: sum('lost'),
    errors: samples.reduce((all, { errors }) => addErrors(all, errors), new Map<string, number>()),
    histogram: first.histogram,
    turns: sum('turns'),
    events: sum('events'),
    lateNs: Math.max(...samples.map(({ lateNs }) => lateNs)),
  }
}

/** Adds numbers by kind. */
export function addErrors(to: Map<string, number>, more: ReadonlyMap<string, number>): Map<string, number> {
  for (const [kind, count] of more) to.set(kind, (to.get(kind) ?? 0) + count)
  return to
}
