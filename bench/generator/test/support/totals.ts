import type { Result } from '../../src/result.js'

/** A field of all rounds, together. */
export function total({ rounds }: Result, field: 'messages' | 'bytes' | 'verifiedBytes' | 'lost'): number {
  return rounds.reduce((sum, round) => sum + round[field], 0)
}
