// Programs that are not ours, where they are installed.
import { execFileSync } from 'node:child_process'

/** Whether a program is there. A test that needs it names it when it is skipped. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
