// Fault injection, in the builds that have it.
import type { FaultRule } from '@pollux/native-poll'
import { afterEach, beforeEach } from 'vitest'
import { binding } from './raw_reactor.js'

function control() {
  if (!binding.faults) throw new Error('this build has no fault injection: POLLUX_NATIVE_TARGET=testing')
  return binding.faults
}

/** Every test of the file begins and ends without rules. */
export function clearFaults() {
  beforeEach(() => control().clear())
  afterEach(() => control().clear())
}

/** Lets go of the calls that a rule holds. */
export const release = () => control().release()
export const inject = (rule: FaultRule) => control().inject(rule)

/** How often each system call is made while `run` runs. */
export async function countCalls(run: () => Promise<unknown>): Promise<Record<string, number>> {
  control().clear()
  await run()
  return control().counts()
}

export const callCounts = () => control().counts()
export const forget = () => control().clear()
