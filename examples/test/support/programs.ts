// The examples as processes, and programs of others.
import { fileURLToPath } from 'node:url'
import { Child } from '../../../packages/native-poll/test/support/child.js'

/** The compiled program of an example. */
export function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
}

/** Starts an example on a free port. */
export async function startExample(name: string): Promise<{ child: Child; port: number }> {
  const child = Child.node([pathOf(name), '--port', '0'])
  const port = Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)\n/))
  return { child, port }
}

/** Runs a program to its end; what it printed. */
export async function run(command: string, args: string[], input = ''): Promise<string> {
  const child = Child.run(command, args)
  // A program that needs no input may have ended before it gets any.
  child.process.stdin?.on('error', () => {})
  child.process.stdin?.end(input)
  const code = await child.awaitExit()
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${child.output}${child.errors}`)
  return child.output
}
