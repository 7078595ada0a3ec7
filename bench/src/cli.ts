#!/usr/bin/env node
/** `npm run bench`: from words to commands. */
import { compareAll } from './comparison/command.js'
import { crossCheck } from './crosscheck/command.js'
import { type Flags, parseFlags, pick, USAGE } from './flags.js'
import { endOnSignals, INTERRUPTED, isInterrupted } from './interrupt.js'
import { listText } from './listing.js'
import { setUpPeers } from './peers/setup.js'
import { profile } from './profile/command.js'
import { runSuite } from './suite-command.js'
import { SUITES } from './suites.js'
import { UsageError } from './usage-error.js'

/** @returns the exit code: 0, 1 where a trial failed, 2 where nothing could be run, 130 when it was interrupted */
async function main(args: string[]): Promise<number> {
  // It draws charts: nobody else needs what it loads.
  if (args[0] === 'report') return (await import('./report/command.js')).runReport(args.slice(1))
  const { flags, what } = parseFlags(args)
  if (flags.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (flags.setup) {
    for (const line of setUpPeers()) process.stdout.write(`${line}\n`)
  }
  if (flags.list) process.stdout.write(listText())
  if (flags.setup || flags.list) return 0
  endOnSignals((line) => process.stderr.write(`${line}\n`))
  const code = await measure(what, flags, args)
  return isInterrupted() ? INTERRUPTED : code
}

async function measure(what: string[], flags: Flags, args: string[]): Promise<number> {
  if (what.length === 0) return compareAll(flags, args)
  if (what[0] === 'crosscheck' && what.length === 1) return crossCheck(flags, args)
  if (what[0] === 'profile' && what.length === 1) return profile(flags, args)
  return runSuites(what, flags, args)
}

async function runSuites(names: string[], flags: Flags, args: string[]): Promise<number> {
  const suites = pick(SUITES, names, 'what to run')
  if (suites.length > 1 && flags.json !== undefined) throw new UsageError('--json takes one suite at a time')
  let code = 0
  for (const suite of suites) {
    if (isInterrupted()) break
    // As one would give it to run this one again.
    const command = [suite.name, ...args.filter((arg) => !names.includes(arg))]
    code = Math.max(code, await runSuite(suite, flags, command))
  }
  return code
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`bench: ${isUsage ? error.message : ((error as Error).stack ?? error)}\n`)
  process.exitCode = 2
}
