/** The command line, checked. */
import type { Endpoint } from '@pollux/core'
import { readFlags } from './command-line.js'
import { PARSED_FLAGS, usage } from './flags.js'
import type { LoopKind, ModeName, ProtocolName } from './result.js'
import { parseSizes, type Sizes } from './sizes.js'
import { parseTarget } from './target.js'
import { UsageError } from './usage-error.js'

export interface Options {
  protocol: ProtocolName
  /** As it was given, and what it means. */
  target: string
  endpoint: Endpoint
  mode: ModeName
  connections: number
  sizes: Sizes
  depth: number
  loop: LoopKind
  durationSeconds: number
  warmupSeconds: number
  rounds: number
  workers: number
  /** How long a worker without anything to do looks for replies before it sleeps. */
  busyPollUs: number
  seed: number
  timeoutMs: number
  sourceAddresses: boolean
  /** Of mode `slow-readers`: connections beside those that are measured. */
  slowReaders: number
  /** Bytes that each of them reads in a second; 0: it does not read. */
  slowRate: number
  verify: boolean
  serverPid: number | undefined
  syscalls: boolean
  script: string | undefined
  http: { path: string; method: string; headers: string[]; body: string | undefined }
  resp: { commands: string[] }
  /** How many numbers `{n}` stands for in requests of http and resp. */
  keys: number
  output: {
    json: string | undefined
    csv: string | undefined
    hgrm: string | undefined
    html: string | undefined
    quiet: boolean
  }
}

const PROTOCOLS: readonly string[] = ['tcp', 'unix', 'udp', 'http', 'resp'] satisfies ProtocolName[]

/** By flag; of those that may be given several times, all. */
type Values = Record<string, string | true | string[] | undefined>

/** Timers take no more than 2³¹ ms: this is 23 days. */
const MAX_SECONDS = 2_000_000

/** Requests that wait for replies, of all connections: each is remembered. */
const MAX_IN_FLIGHT = 10_000_000

/**
 * Reads a command line without the program's name; null where it asks for help.
 *
 * @throws UsageError that says what is wrong
 */
export function parseOptions(command: string[]): Options | null {
  const given = readFlags(command, PARSED_FLAGS, '; pollux-bench --help shows all flags')
  const { positionals } = given
  const values = given.values as Values
  if (values.help === true) return null
  const [protocol, target, ...more] = positionals
  if (protocol === undefined || target === undefined || !PROTOCOLS.includes(protocol)) {
    throw new UsageError(
      positionals.length === 0
        ? usage()
        : `give ${PROTOCOLS.join(', ')} and a target, as in: pollux-bench tcp 127.0.0.1:7000`,
    )
  }
  if (more.length > 0) throw new UsageError(`one target at a time; what is ${more.join(' ')}?`)
  const name = protocol as ProtocolName
  const { endpoint, path } = parseTarget(name, target)
  const mode = modeOf(values)
  const connections = mode === 'idle' ? integer(values, 'idle', 1) : integer(values, 'connections', 1, 50)
  const options: Options = {
    protocol: name,
    target,
    endpoint,
    mode,
    connections,
    sizes: parseSizes(text(values, 'size') ?? '64'),
    depth: integer(values, 'depth', 1, 1),
    loop:
      values.rate === undefined ? { kind: 'closed' } : { kind: 'open', rate: number(values, 'rate', 1e-3) },
    durationSeconds: number(values, 'duration', 0.01, 5, MAX_SECONDS),
    warmupSeconds: number(values, 'warmup', 0, 1, MAX_SECONDS),
    rounds: integer(values, 'rounds', 1, 5),
    workers: integer(values, 'workers', 1, 1),
    busyPollUs: integer(values, 'busy-poll', 0, 50, 1_000_000),
    seed: integer(values, 'seed', 0, 1),
    timeoutMs: number(values, 'timeout', 1, name === 'udp' ? 1000 : 5000, MAX_SECONDS * 1000),
    sourceAddresses: values['source-addresses'] === true,
    slowReaders: values['slow-readers'] === undefined ? 0 : integer(values, 'slow-readers', 1),
    slowRate: integer(values, 'slow-rate', 0, 0),
    verify: values.verify === true,
    serverPid: values['server-pid'] === undefined ? undefined : integer(values, 'server-pid', 1),
    syscalls: values.syscalls === true,
    script: text(values, 'script'),
    http: {
      path: text(values, 'path') ?? path ?? '/',
      method: text(values, 'method') ?? 'GET',
      headers: (values.header as string[] | undefined) ?? [],
      body: text(values, 'body'),
    },
    resp: {
      commands: (values.command as string[] | undefined) ?? ['GET key:{n}'],
    },
    keys: integer(values, 'keys', 1, 100_000),
    output: {
      json: text(values, 'json'),
      csv: text(values, 'csv'),
      hgrm: text(values, 'hgrm'),
      html: text(values, 'html'),
      quiet: values.quiet === true,
    },
  }
  checkTogether(options)
  return options
}

function modeOf(values: Values): ModeName {
  const asked = (['churn', 'idle', 'fanout', 'slow-readers'] as const).filter(
    (mode) => values[mode] !== undefined,
  )
  if (asked.length > 1) throw new UsageError(`--${asked.join(' and --')} are different runs: choose one`)
  return asked[0] ?? 'requests'
}

/** What each is good, but not with the others. */
function checkTogether(options: Options): void {
  const { mode, protocol, loop, workers, connections } = options
  if (workers > connections) {
    throw new UsageError(`--workers ${workers}: each needs a connection, and there are ${connections}`)
  }
  if (options.depth * connections > MAX_IN_FLIGHT) {
    throw new UsageError(
      `--depth ${options.depth}: of ${connections} connections that is more than ${MAX_IN_FLIGHT} requests in flight`,
    )
  }
  if (mode === 'idle' && options.serverPid === undefined) {
    throw new UsageError('--idle reads the memory of the server: say which process it is, --server-pid PID')
  }
  if (options.syscalls && options.serverPid === undefined) {
    throw new UsageError('--syscalls watches the server: say which process it is, --server-pid PID')
  }
  if (mode === 'fanout' && workers > 1) throw new UsageError('--fanout has one sender: leave --workers out')
  if (loop.kind === 'open' && (mode === 'idle' || mode === 'fanout')) {
    throw new UsageError(`--rate is for requests and replies, not for --${mode}`)
  }
  if (options.depth > 1 && (mode === 'churn' || mode === 'idle' || mode === 'fanout')) {
    throw new UsageError(`--depth: with --${mode} there is one message under way at a time`)
  }
  if (mode === 'fanout') checkFanout(options)
  if (options.slowRate > 0 && mode !== 'slow-readers') {
    throw new UsageError('--slow-rate is for --slow-readers N')
  }
  if (protocol === 'udp' && mode !== 'requests') {
    throw new UsageError(`--${mode} is for connections, and udp has none`)
  }
  if (options.script !== undefined && (protocol === 'http' || protocol === 'resp')) {
    throw new UsageError(`--script speaks its own protocol: give tcp, unix or udp in place of ${protocol}`)
  }
}

function checkFanout({ protocol, sizes, script }: Options): void {
  if ((protocol !== 'tcp' && protocol !== 'unix') || script !== undefined) {
    throw new UsageError('--fanout sends plain bytes: give tcp or unix, and no --script')
  }
  if (sizes.smallest !== sizes.largest) {
    throw new UsageError(`--fanout: all messages have the same --size, not ${sizes.text}`)
  }
}

function text(values: Values, flag: string): string | undefined {
  return values[flag] as string | undefined
}

function number(
  values: Values,
  flag: string,
  least: number,
  byDefault?: number,
  most = Number.MAX_VALUE,
): number {
  const given = text(values, flag)
  if (given === undefined && byDefault !== undefined) return byDefault
  const value = given?.trim() === '' ? Number.NaN : Number(given)
  if (!(value >= least && value < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`--${flag} must be a number of at least ${least}, not ${JSON.stringify(given)}`)
  }
  if (value > most) throw new UsageError(`--${flag} must be at most ${most}, not ${given}`)
  return value
}

function integer(
  values: Values,
  flag: string,
  least: number,
  byDefault?: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value = number(values, flag, least, byDefault, most)
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`--${flag} must be a whole number, not ${JSON.stringify(values[flag])}`)
  }
  return value
}
