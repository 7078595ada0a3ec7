// pollux-bench as a user calls it: a process of its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Result } from '../../src/result.js'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A run that hangs is a failed test, not a hanging one. */
const LONGEST_MS = 30_000

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** Calls it; `onLine` is told of whatever it prints, while it runs. */
export function polluxBench(
  flags: string[],
  during?: (child: { interrupt(): void }) => void,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => {
      stdout += data
    })
    child.stderr.on('data', (data) => {
      stderr += data
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
    during?.({ interrupt: () => child.kill('SIGINT') })
  })
}

/** Calls it with `--json -` and short times, and reads what it found. */
export async function measure(...flags: string[]): Promise<Finished & { result: Result }> {
  const short = flags.some((flag) => flag.startsWith('--duration')) ? [] : ['--duration', '0.3']
  const finished = await polluxBench([...flags, ...short, '--warmup', '0.05', '--rounds', '2', '--json', '-'])
  if (finished.stdout === '') throw new Error(`no result (exit code ${finished.code}): ${finished.stderr}`)
  return { ...finished, result: JSON.parse(finished.stdout) as Result }
}
