/** The command line of the programs in this folder: flags that take a value each. */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** What each flag is when it is not given. A number stands for a port; undefined for a flag that must be given. */
type Defaults = Record<string, string | number | undefined>
type Values<D extends Defaults> = { [Name in keyof D]: D[Name] extends number ? number : string }

const EXIT_USAGE = 2

/**
 * The values of the flags on the command line, or their defaults. Ends the process with code 2 if they make no sense.
 *
 * @example
 * ```ts
 * const { host, port, message } = readFlags({ host: '127.0.0.1', port: 7000, message: undefined })
 * ```
 */
export function readFlags<const D extends Defaults>(defaults: D): Values<D> {
  const values: Record<string, string | number> = {}
  const given = parse(defaults)
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value = given[name] ?? byDefault
    if (value === undefined) return fail(`--${name} is missing`, defaults)
    values[name] = typeof byDefault === 'number' ? readPort(name, String(value), defaults) : String(value)
  }
  return values as Values<D>
}

function parse(defaults: Defaults): Record<string, string | undefined> {
  try {
    const options = Object.fromEntries(
      Object.keys(defaults).map((name) => [name, { type: 'string' as const }]),
    )
    return parseArgs({ options }).values as Record<string, string | undefined>
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), defaults)
  }
}

function readPort(name: string, text: string, defaults: Defaults): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) fail(`--${name} must be 0 to 65535, not '${text}'`, defaults)
  return port
}

function fail(message: string, defaults: Defaults): never {
  const flags = Object.entries(defaults).map(([name, byDefault]) => {
    const flag = `--${name} ${name.toUpperCase()}`
    return byDefault === undefined ? flag : `[${flag}]`
  })
  console.error(`${message}\nusage: ${[basename(process.argv[1]), ...flags].join(' ')}`)
  process.exit(EXIT_USAGE)
}
