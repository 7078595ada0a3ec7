#!/usr/bin/env node
/** pollux-bench: the command. */
import { writeFileSync } from 'node:fs'
import { SocketError } from '@pollux/core'
import { usage } from './flags.js'
import { parseOptions } from './options.js'
import { resultTable } from './output/table.js'
import { run } from './run.js'
import { UsageError } from './usage-error.js'

/** @returns the exit code: 0, or 1 where an answer was wrong or missing */
async function main(command: string[]): Promise<number> {
  const options = parseOptions(command)
  if (options === null) {
    process.stdout.write(usage())
    return 0
  }
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  const result = await run(options, command, { signal: interrupt.signal })
  const { json } = options.output
  if (json === '-') process.stdout.write(`${JSON.stringify(result)}\n`)
  else {
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
    process.stdout.write(resultTable(result))
  }
  return Object.keys(result.errors).length > 0 ? 1 : 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof SocketError)) throw error
  process.stderr.write(`pollux-bench: ${error.message}\n`)
  process.exitCode = 2
}
