/** The command line of `npm run bench`, checked. */
import { readFlags } from '../generator/dist/command-line.js'
import { UsageError } from './usage-error.js'

export const USAGE = `usage: npm run bench [-- WHAT…] [flags]

  (nothing)          the comparison: Pollux and everybody else, in all workloads
  crosscheck         the same servers under pollux-bench and under load generators that are not ours
  profile            where the time of servers goes, by perf: Pollux and the best, where Pollux is behind
  report             pages and charts from bench/results/; --check: do they say what the results say?
  echo               stream connections: TCP
  udp                datagrams: UDP
  codecs             lines and length-prefixed messages, against bytes without a codec
  kv                 the store of the examples, against redis-server
  http               a hello over HTTP, against nginx and node:http
  fanout             one message to many connections
  net                programs of node:net over @pollux/net, against node:net
  knobs              Pollux with one setting changed, against its defaults

  --list             peers, workloads, shapes: what there is, what is missing and how to get it
  --setup            installs and builds the peers that can be had
  --quick            a rough answer: the whole comparison in five minutes
  --against WHAT     compares with another revision of Pollux: a commit, branch or tag (built once), or the directory
                     of a built checkout; the comparison takes the servers of Pollux alone then, unless --only says
                     otherwise
  --only PEER,…      these peers
  --workload NAME,…  comparison, crosscheck, profile: these workloads (suites: --shape, the same)
  --rounds N         rounds of everything (6: the fewest with a 95% interval; --quick: comparison 1, suites 2)
  --duration S       measured seconds of one trial (comparison 0.7, suites 1.5, knobs 0.6; --quick 0.4 and 0.5)
  --seed N           repeat the order of an earlier run
  --save             write bench/results/NAME.json, which the report is made from
  --json FILE        write the same there
  --backend B        the poller that Pollux shall use: epoll, poll or select
  --twin             also a second, identical reference: its ratio to the first is the noise of the method
`

export interface Flags {
  help?: boolean
  list?: boolean
  setup?: boolean
  quick?: boolean
  save?: boolean
  twin?: boolean
  against?: string
  backend?: string
  /** Names. */
  only?: string[]
  workload?: string[]
  json?: string
  rounds?: number
  duration?: number
  seed?: number
}

/** @throws UsageError */
export function parseFlags(args: readonly string[]): { flags: Flags; what: string[] } {
  const { values, positionals } = readFlags(args, FLAGS, `\n\n${USAGE}`)
  const names = values.workload ?? values.shape
  if (values.workload !== undefined && values.shape !== undefined) {
    throw new UsageError('--workload and --shape are two names of one flag: give one of them')
  }
  const { help, list, setup, quick, save, twin, against, backend, json } = values
  if (backend !== undefined && !['epoll', 'poll', 'select'].includes(backend)) {
    throw new UsageError(`--backend must be epoll, poll or select, not ${backend}`)
  }
  const flags: Flags = {
    ...{ help, list, setup, quick, save, twin, against, backend, json },
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(names === undefined ? {} : { workload: names.split(',') }),
    ...number('rounds', values.rounds, 1, true),
    ...number('duration', values.duration, 0.05, false),
    ...number('seed', values.seed, 0, true),
  }
  return { flags, what: positionals }
}

const FLAGS = {
  rounds: { type: 'string' },
  duration: { type: 'string' },
  quick: { type: 'boolean' },
  only: { type: 'string' },
  shape: { type: 'string' },
  workload: { type: 'string' },
  backend: { type: 'string' },
  against: { type: 'string' },
  twin: { type: 'boolean' },
  seed: { type: 'string' },
  json: { type: 'string' },
  save: { type: 'boolean' },
  list: { type: 'boolean' },
  setup: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

function number(
  name: 'rounds' | 'duration' | 'seed',
  text: string | undefined,
  least: number,
  whole: boolean,
): Pick<Flags, typeof name> {
  if (text === undefined) return {}
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= least && Number.isFinite(value)) || (whole && !Number.isSafeInteger(value))) {
    const kind = whole ? 'whole number' : 'number'
    throw new UsageError(`--${name} must be a ${kind} of at least ${least}, not ${text}`)
  }
  return { [name]: value }
}

/** Those of the names that were asked for; all where nothing was. Throws where a name is nobody's. */
export function pick<T extends { name: string }>(
  all: readonly T[],
  names: readonly string[] | undefined,
  flag: string,
): T[] {
  if (names === undefined) return [...all]
  const unknown = names.filter((name) => !all.some((item) => item.name === name))
  if (unknown.length > 0) {
    throw new UsageError(
      `${flag}: no ${unknown.join(', ')}; there are ${all.map((item) => item.name).join(', ')}`,
    )
  }
  return all.filter((item) => names.includes(item.name))
}

/** The same of `--workload`, among what belongs to workloads. */
export function pickWorkloads<T extends { workload: { name: string } }>(
  all: readonly T[],
  { workload: names }: Flags,
): T[] {
  const wanted = pick(
    all.map(({ workload: { name } }) => ({ name })),
    names,
    '--workload',
  ).map(({ name }) => name)
  return all.filter(({ workload }) => wanted.includes(workload.name))
}

/** As good as any, and printed, so that it can be given again. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
