// Servers in processes of their own.
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Child } from '../../../../packages/native-poll/test/support/child.js'
import { stop } from './stop.js'

export interface Running {
  /** '127.0.0.1:PORT' */
  target: string
  pid: number
}

const file = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** Starts a program of this repository ('examples/dist/echo.js') on a free port, until the test is over. */
export function startProgram(path: string, ...flags: string[]): Promise<Running> {
  const isShell = path.endsWith('.sh')
  const child = Child.run(isShell ? 'sh' : process.execPath, [file(path), '--port', '0', ...flags])
  return listening(child)
}

async function listening(child: Child): Promise<Running> {
  onTestFinished(() => stop(child))
  const target = await child.awaitOutput(/^listening on (?:tcp|udp):\/\/(127\.0\.0\.1:\d+)\n/)
  return { target, pid: child.process.pid as number }
}
