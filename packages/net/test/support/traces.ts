// What a program of support/trace.mjs tells.
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'

/** From here `@pollux/net` is found by its own name. */
const cwd = fileURLToPath(new URL('.', import.meta.url))

/** The lines of a program that ran to its end. */
export async function traceOf(
  node: string,
  program: string,
  module: 'node' | 'ours',
  ...args: string[]
): Promise<string[]> {
  const child = Child.run(node, [program, module, ...args], { cwd })
  expect([await child.awaitExit(), child.errors]).toEqual([0, ''])
  return child.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
