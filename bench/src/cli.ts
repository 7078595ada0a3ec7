#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compilePrograms } from './compile.js'
import { runEcho } from './echo.js'
import { describeEnvironment, readEnvironment } from './environment.js'
import type { Peer } from './peers/peer.js'
import { Results } from './results.js'
import { SUITES, type Suite } from './suites.js'
import { resultTable, targetTable } from './table.js'
import { judge } from './targets.js'

const USAGE = `usage: bench SUITE… [flags]

  echo               stream connections: TCP
  udp                datagrams: UDP
  codecs             lines and length-prefixed messages, against bytes without a codec
  kv                 the store of the examples, against redis-server
  http               a hello over HTTP, against nginx and node:http
  fanout             one message to many connections
  net                programs of node:net over @pollux/net, against node:net
  knobs              Pollux with one setting changed, against its defaults

  --rounds N         rounds of all shapes and peers (5; 2 with --quick)
  --duration S       measured seconds of one trial (1.5; 0.5 with --quick)
  --quick            a rough answer in less than 90 s
  --only PEER,…      these peers (${namesIn((suite) => suite.peers())})
  --shape SHAPE,…    these shapes (${namesIn((suite) => suite.shapes)})
  --backend B        the poller that Pollux shall use: epoll, poll or select
  --against DIR      also another built checkout of Pollux
  --twin             also a second, identical C server: its ratio to the first shows the noise
  --seed N           repeat the order of an earlier run
  --json FILE        write every trial there
`

/** 'echo: a, b; udp: c' */
function namesIn(list: (suite: Suite) => { name: string }[]): string {
  return SUITES.map(
    (suite) =>
      `${suite.name}: ${list(suite)
        .map(({ name }) => name)
        .join(', ')}`,
  ).join('; ')
}

/** A wrong command line. */
class UsageError extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = parseFlags()
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (positionals.length === 0) throw new UsageError(`say what to run\n\n${USAGE}`)
  const suites = pick(SUITES, positionals.join(','), 'what to run')
  if (suites.length > 1 && values.json !== undefined) throw new UsageError('--json takes one suite at a time')
  let code = 0
  for (const suite of suites) code = Math.max(code, await runSuite(suite, values))
  return code
}

async function runSuite(suite: Suite, values: ReturnType<typeof parseFlags>['values']): Promise<number> {
  const allPeers = suite.peers({ against: values.against, backend: values.backend, twin: values.twin })
  const only =
    values.only === undefined || !values.twin ? values.only : `${values.only},${suite.reference}-twin`
  const peers = pick(allPeers, only, '--only')
  const shapes = pick(suite.shapes, values.shape, '--shape')
  const options = {
    rounds: number(values.rounds ?? (values.quick ? '2' : '5'), '--rounds', 1),
    seed: number(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)), '--seed', 0),
    times: {
      warmUpSeconds: values.quick ? 0.2 : 0.3,
      durationSeconds: number(values.duration ?? (values.quick ? '0.5' : '1.5'), '--duration', 0.05),
    },
  }

  compilePrograms()
  const environment = readEnvironment()
  process.stderr.write(`seed ${options.seed} (--seed ${options.seed} repeats this order)\n`)
  const startedMs = Date.now()
  const trials = await runEcho(shapes, peers, environment, options)
  const seconds = Math.round((Date.now() - startedMs) / 1000)

  if (values.json !== undefined) {
    const content = { format: 1, command: process.argv.slice(2), options, environment, shapes, peers, trials }
    writeFileSync(values.json, `${JSON.stringify(content, null, 2)}\n`)
  }
  const results = new Results(trials)
  const { rounds, seed, times } = options
  process.stdout.write(
    `\n${[
      resultTable(results, shapes, peers, suite),
      ...(suite.targets.length > 0 && peers.some(isPollux)
        ? [targetTable(judge(results, suite.targets))]
        : []),
      `${describeEnvironment(environment)}\n` +
        `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${times.durationSeconds} s a trial, ${seconds} s in all, seed ${seed}`,
    ].join('\n\n')}\n`,
  )
  const failures = results.failures()
  for (const { round, shape, peer, error } of failures) {
    process.stderr.write(`FAILED: ${peer}, ${shape}, round ${round}: ${error}\n`)
  }
  return failures.length > 0 ? 1 : 0
}

function parseFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        duration: { type: 'string' },
        quick: { type: 'boolean' },
        only: { type: 'string' },
        shape: { type: 'string' },
        backend: { type: 'string' },
        against: { type: 'string' },
        twin: { type: 'boolean' },
        seed: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

function pick<T extends { name: string }>(all: T[], wanted: string | undefined, flag: string): T[] {
  if (wanted === undefined) return all
  const names = wanted.split(',')
  const unknown = names.filter((name) => !all.some((item) => item.name === name))
  if (unknown.length > 0) {
    throw new UsageError(
      `${flag}: no ${unknown.join(', ')}; there are ${all.map((item) => item.name).join(', ')}`,
    )
  }
  return all.filter((item) => names.includes(item.name))
}

function number(text: string, flag: string, least: number): number {
  const value = Number(text)
  if (!(value >= least)) throw new UsageError(`${flag} must be a number of at least ${least}, not ${text}`)
  return value
}

function isPollux(peer: Peer): boolean {
  return peer.name.startsWith('pollux')
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 2
}
