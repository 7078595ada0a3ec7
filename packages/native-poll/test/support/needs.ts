// What tests cannot do without, and not every machine or build has.
import { spawnSync } from 'node:child_process'

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test is skipped: what it needs is missing. */
    needs?: string
  }
}

interface Needs {
  skip?: boolean
  meta?: { needs: string }
}

/**
 * Options of a test, or of a `describe`: where what it needs is missing it is skipped, and the run tells so at its end.
 * A skip that gives no reason fails the run (scripts/lib/skipped-reporter.mjs); one in the middle of a test is
 * `skip(condition, reason)` of its context.
 */
export function needs(isThere: unknown, what: string): Needs {
  return isThere ? {} : { skip: true, meta: { needs: what } }
}

/** The same, of programs. */
export function needsPrograms(...programs: string[]): Needs {
  return needs(programs.every(hasProgram), programs.join(' and '))
}

/** Whether it is in the PATH. */
export function hasProgram(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0
}
