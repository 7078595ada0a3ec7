// Python's socket module, which calls the same C library as we do: what it answers is right.
import { execFileSync } from 'node:child_process'

/**
 * Runs `program`, which finds the JSON of `input` as the value `input`, and prints its answer with `answer(value)`.
 * One run for many questions: starting it takes longer than they do.
 */
export function askPython<T>(program: string, input: unknown): T {
  const prelude =
    'import json, socket, sys\ninput = json.load(sys.stdin)\ndef answer(value): print(json.dumps(value))\n'
  const output = execFileSync('python3', ['-c', prelude + program], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  })
  return JSON.parse(output) as T
}
