#!/usr/bin/env node
/** pollux-bench: the command. */
import { SocketError } from '@pollux/core'
import { usage } from './flags.js'
import { INTERRUPTED, onInterrupt } from './interrupt.js'
import { parseOptions } from './options.js'
import { Progress } from './output/progress.js'
import { checkOutputs, writeOutputs } from './output/write.js'
import { Interrupted, run } from './run.js'
import { UsageError } from './usage-error.js'

/** @returns the exit code: 0, 1 where an answer was wrong or missing, or that of an interruption */
async function main(command: string[]): Promise<number> {
  const options = parseOptions(command)
  if (options === null) {
    process.stdout.write(usage())
    return 0
  }
  checkOutputs(options.output)
  const interrupt = new AbortController()
  onInterrupt(() => interrupt.abort())
  const progress = new Progress(options.output.quiet ? { write() {} } : process.stderr)
  try {
    const result = await run(options, command, {
      signal: interrupt.signal,
      onMoment: (moment, at) => progress.show(moment, at),
    })
    progress.end()
    await writeOutputs(result, options.output, (text) => process.stdout.write(text))
    if (interrupt.signal.aborted) return INTERRUPTED
    return Object.keys(result.errors).length > 0 ? 1 : 0
  } finally {
    progress.end()
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isInterrupted = error instanceof Interrupted
  if (!isInterrupted && !(error instanceof UsageError) && !(error instanceof SocketError)) throw error
  process.stderr.write(`pollux-bench: ${error.message}\n`)
  // What was begun may still wait for an answer.
  if (isInterrupted) process.exit(INTERRUPTED)
  process.exitCode = 2
}
