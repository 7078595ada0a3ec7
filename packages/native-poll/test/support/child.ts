// Processes of our own making: what they print, and how they end.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { patiently } from './patience.js'

const running = new Set<ChildProcess>()

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

export class Child {
  output = ''
  errors = ''
  private readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  private readonly lines = new Set<() => void>()

  private constructor(readonly process: ChildProcess) {
    running.add(process)
    process.stdout?.on('data', (chunk) => {
      this.output += chunk
      for (const look of this.lines) look()
    })
    process.stderr?.on('data', (chunk) => {
      this.errors += chunk
    })
    this.ended = new Promise((resolve) => {
      process.on('close', (code, signal) => {
        running.delete(process)
        resolve({ code, signal })
      })
    })
  }

  static node(args: string[], env: NodeJS.ProcessEnv = {}): Child {
    return Child.run(process.execPath, args, { env })
  }

  /** With `fd` as its descriptor 3, if there is one; as another user, if this process may (setuid(2)). */
  static run(
    command: string,
    args: string[],
    { env = {}, fd, uid, cwd }: { env?: NodeJS.ProcessEnv; fd?: number; uid?: number; cwd?: string } = {},
  ) {
    const extra = fd === undefined ? [] : [fd]
    const stdio: ('pipe' | number)[] = ['pipe', 'pipe', 'pipe', ...extra]
    return new Child(spawn(command, args, { env: { ...process.env, ...env }, stdio, uid, gid: uid, cwd }))
  }

  /** What the pattern's group finds in the output, as soon as it does. */
  async awaitOutput(pattern: RegExp): Promise<string> {
    const found = new Promise<string>((resolve, reject) => {
      const look = () => {
        const match = this.output.match(pattern)
        if (match) resolve(match[1] ?? match[0])
      }
      this.lines.add(look)
      look()
      this.ended.then(({ code }) => reject(new Error(`ended with ${code} instead: ${this.errors}`)))
    })
    return patiently(found, () => `${pattern} in "${this.output}" ${this.errors}`)
  }

  awaitPort(): Promise<number> {
    return this.awaitOutput(/^port (\d+)$/m).then(Number)
  }

  /** Its exit code, or the signal that ended it. */
  async awaitExit(): Promise<number | string | null> {
    const { code, signal } = await patiently(
      this.ended,
      () => `the child to end: ${this.output}${this.errors}`,
    )
    return code ?? signal
  }
}

/** Ends what a failed test left behind. */
export function endChildren() {
  for (const child of running) child.kill('SIGKILL')
}
