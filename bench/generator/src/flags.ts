/** The flags of the command line, as `--help` shows them. */
import type { Flag as ParsedFlag } from './command-line.js'

interface Flag {
  /** Of its value; missing for those that have none. */
  value?: string
  multiple?: true
  help: string
}

/** By heading. */
export const FLAGS: Record<string, Record<string, Flag>> = {
  'the load': {
    connections: { value: 'N', help: 'connections (50)' },
    size: {
      value: 'BYTES',
      help: 'of a message: N, A-B, N:WEIGHT,N:WEIGHT,… or exp:MEAN; k and M are known (64)',
    },
    depth: { value: 'N', help: 'requests of a connection that are under way at once (1)' },
    rate: {
      value: 'N',
      help: 'requests a second, whatever the server does: an open loop, latency from when each was due',
    },
    duration: { value: 'S', help: 'seconds that are measured (5)' },
    warmup: { value: 'S', help: 'seconds before that (1)' },
    rounds: { value: 'N', help: 'windows that the duration is cut into; their spread tells the noise (5)' },
    workers: { value: 'N', help: 'threads that share the connections (1)' },
    'busy-poll': {
      value: 'US',
      help: 'how long a worker that has nothing to do looks for replies before it sleeps; 0: a server pays for waking it (50)',
    },
    seed: { value: 'N', help: 'of everything that is random (1)' },
    timeout: {
      value: 'MS',
      help: 'without any reply, after which a connection has failed; of a datagram, after which it is lost (5000; udp 1000)',
    },
    'source-addresses': {
      help: 'connect from addresses all over 127.0.0.0/8: for more connections than there are ports',
    },
  },
  'what is done (else: requests and replies)': {
    churn: { help: 'connect, exchange one message, close, again' },
    idle: { value: 'N', help: 'open N connections, and say what memory each takes (with --server-pid)' },
    fanout: { help: 'one connection sends, all get it' },
    'slow-readers': {
      value: 'N',
      help: 'so many further connections ask and do not read; measured without and with them',
    },
    'slow-rate': { value: 'BYTES', help: 'that each of those reads in a second after all (0)' },
  },
  'what is checked and read': {
    verify: { help: 'compare every byte of every reply' },
    'server-pid': { value: 'PID', help: 'of a server on this machine: its CPU time and memory' },
    syscalls: { help: 'and its system calls for one message, by strace in a window of its own' },
  },
  'the protocol': {
    script: { value: 'FILE', help: 'a module that speaks a protocol of your own over tcp, unix or udp' },
    path: {
      value: 'PATH',
      help: 'http: what is asked for; {n} and {size} as in --command, here and below (/)',
    },
    method: { value: 'NAME', help: 'http: GET' },
    header: { value: 'LINE', multiple: true, help: 'http: a header, "Name: value"; as often as wanted' },
    body: { value: 'TEXT', help: 'http: what is sent' },
    command: {
      value: 'TEXT',
      multiple: true,
      help: 'resp: a command; {n} is a random number below --keys, {size} a value of --size bytes; several are sent in turn (GET key:{n})',
    },
    keys: { value: 'N', help: 'http and resp: how many numbers {n} stands for (100000)' },
  },
  output: {
    json: { value: 'FILE', help: 'everything; - is the standard output, here and below' },
    csv: { value: 'FILE', help: 'a line for each round' },
    hgrm: { value: 'FILE', help: "percentiles in HdrHistogram's text form, for its plotter" },
    html: { value: 'FILE', help: 'one page with the percentile plot and throughput over time' },
    quiet: { help: 'no progress' },
    help: { help: 'this' },
  },
}

export const PARSED_FLAGS: Readonly<Record<string, ParsedFlag>> = Object.fromEntries(
  Object.values(FLAGS)
    .flatMap((flags) => Object.entries(flags))
    .map(([name, { value, multiple }]) => [
      name,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple: multiple === true,
        ...(name === 'help' ? { short: 'h' } : {}),
      },
    ]),
)

/** What `--help` prints. */
export function usage(): string {
  const lines = ['usage: pollux-bench tcp|unix|udp|http|resp TARGET [flags]']
  for (const [heading, flags] of Object.entries(FLAGS)) {
    lines.push('', heading)
    for (const [name, { value, help }] of Object.entries(flags)) {
      const flag = value === undefined ? `--${name}` : `--${name} ${value}`
      lines.push(`  ${flag.padEnd(20)} ${help}`)
    }
  }
  return `${lines.join('\n')}\n`
}
