/** What the larger examples have in common as programs: their flags, their first line, and how they end. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type AnyServer, formatAddress } from '@pollux/framework'

/** How long Ctrl-C waits for clients that are still connected. */
const CLOSE_DEADLINE_MS = 500

const EXIT_USAGE = 2

/**
 * Starts a server as `--host` and `--port` say, prints `listening on tcp://HOST:PORT`, and closes it on SIGINT and
 * SIGTERM. Ends the process with code 2 for a wrong flag, and 1 when it can't listen.
 *
 * @param name of the program, for the line that `--help` prints
 */
export async function start(name: string, port: number, makeServer: () => AnyServer): Promise<void> {
  const usage = `usage: ${name} [--host HOST] [--port PORT]`
  const options = {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: String(port) },
    help: { type: 'boolean', short: 'h', default: false },
  } satisfies ParseArgsConfig['options']
  try {
    const { values } = parseArgs({ options })
    if (values.help) {
      console.log(usage)
      return
    }
    if (!/^\d+$/.test(values.port) || Number(values.port) > 65535) {
      throw new Error(`--port must be 0 to 65535, not '${values.port}'`)
    }
    await listen(makeServer(), values.host, Number(values.port))
  } catch (error) {
    console.error((error as Error).message)
    const isUsage = !(error instanceof Error && 'syscall' in error)
    if (isUsage) console.error(usage)
    process.exitCode = isUsage ? EXIT_USAGE : 1
  }
}

async function listen(server: AnyServer, host: string, port: number): Promise<void> {
  const address = await server.listen({ host, port })
  const stop = () => {
    // A second Ctrl-C meets the system's default: it ends the process at once.
    process.off('SIGINT', stop).off('SIGTERM', stop)
    void server.close({ deadlineMs: CLOSE_DEADLINE_MS })
  }
  // Before the line of output, which others may take for a sign that signals are handled.
  process.on('SIGINT', stop).on('SIGTERM', stop)
  console.log(`listening on ${formatAddress(address)}`)
}
