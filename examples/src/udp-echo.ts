/**
 * A UDP echo server: sends every datagram back to where it came from.
 *
 *     node examples/dist/udp-echo.js [--host H] [--port P] [--backend epoll|poll|select] [--gro] [--no-gso]
 *
 * Its first line of output says where it listens, with the real port if it was asked for port 0. --gro lets the kernel
 * hand over several datagrams in one, --no-gso has none leave so (udp(7)).
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type BackendName, DatagramChannel, EventLoop } from '@pollux/core'

const USAGE =
  'usage: udp-echo.js [--host HOST] [--port PORT] [--backend epoll|poll|select] [--gro] [--no-gso]'

const EXIT_USAGE = 2

const OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '7000' },
  backend: { type: 'string' },
  gro: { type: 'boolean', default: false },
  gso: { type: 'boolean', default: true },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies ParseArgsConfig['options']

function fail(error: unknown, exitCode: number): never {
  console.error(error instanceof Error ? error.message : String(error))
  if (exitCode === EXIT_USAGE) console.error(USAGE)
  process.exit(exitCode)
}

function readFlags() {
  try {
    return parseArgs({ options: OPTIONS, allowNegative: true }).values
  } catch (error) {
    return fail(error, EXIT_USAGE)
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) fail(`--port must be 0 to 65535, not '${text}'`, EXIT_USAGE)
  return port
}

function open(host: string, port: number, backend: string | undefined, gro: boolean, gso: boolean) {
  try {
    const loop = new EventLoop(backend === undefined ? {} : { backend: backend as BackendName })
    return DatagramChannel.open(
      { loop, bind: { host, port }, gro, gso },
      {
        datagram: (channel) => channel.reply(),
        // With --gro: all of them at once, each of which is answered.
        segments: (channel) => channel.reply(),
      },
    )
  } catch (error) {
    return fail(error, error instanceof TypeError ? EXIT_USAGE : 1)
  }
}

const flags = readFlags()
if (flags.help) {
  console.log(USAGE)
  process.exit(0)
}
const channel = open(flags.host, readPort(flags.port), flags.backend, flags.gro, flags.gso)

function stop(): void {
  // A second Ctrl-C meets the system's default: it ends the process at once.
  process.off('SIGINT', stop).off('SIGTERM', stop)
  channel.close()
}

// Before the first line of output, which others may take for a sign that signals are handled.
process.on('SIGINT', stop).on('SIGTERM', stop)
const address = channel.localAddress
if ('path' in address) throw new Error('an IP socket has an IP address')
const host = address.family === 'IPv6' ? `[${address.host}]` : address.host
console.log(`listening on udp://${host}:${address.port}`)
console.log(`backend: ${channel.loop.backend}`)
console.log(`try it: nc -u ${address.host} ${address.port}`)
