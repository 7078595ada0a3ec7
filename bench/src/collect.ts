/** Programs that are run to their end, for what they print. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface Collected {
  output: string
  errors: string
  /** The exit code, or the signal that ended it. */
  code: number | string | null
}

/** Starts a program. `ended` rejects when it can't be started. */
export function collect(
  file: string,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<Collected> } {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  const ended = new Promise<Collected>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ output, errors, code: code ?? signal }))
  })
  return { child, ended }
}
