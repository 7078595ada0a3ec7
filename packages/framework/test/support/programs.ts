// Programs that are not ours, and that may be missing.
import { spawnSync } from 'node:child_process'

/** Whether it can be started: a test that needs it is skipped by name where it can't. */
export function hasProgram(name: string, ...args: string[]): boolean {
  return spawnSync(name, args).error === undefined
}
