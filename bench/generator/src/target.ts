/** Where the server is: what a user wrote, as an endpoint. */
import type { Endpoint } from '@pollux/core'
import type { ProtocolName } from './result.js'
import { UsageError } from './usage-error.js'

/**
 * Reads a target: `HOST:PORT`, `[IPV6]:PORT`, `PORT` (of 127.0.0.1), each also with its scheme (`tcp://`, `http://`), and
 * for Unix sockets a path, `@NAME` for an abstract one.
 *
 * @throws UsageError
 */
export function parseTarget(protocol: ProtocolName, text: string): { endpoint: Endpoint; path?: string } {
  if (protocol === 'unix') {
    const path = text.replace(/^unix:(\/\/)?/, '')
    if (path === '') throw new UsageError('unix needs the path of a socket')
    return { endpoint: { path: path.startsWith('@') ? `\0${path.slice(1)}` : path } }
  }
  const match =
    /^(?:(?<scheme>[a-z]+):\/\/)?(?:(?:\[(?<v6>[^\]]+)\]|(?<host>[^:/[\]]+)):)?(?<port>\d+)(?<path>\/.*)?$/.exec(
      text,
    )
  const { scheme, v6, host, port, path } = match?.groups ?? {}
  if (port === undefined || (path !== undefined && protocol !== 'http')) {
    throw new UsageError(
      `${JSON.stringify(text)} is no target for ${protocol}: give HOST:PORT, [IPV6]:PORT or PORT`,
    )
  }
  if (
    scheme !== undefined &&
    scheme !== protocol &&
    !(protocol === 'resp' && scheme === 'redis') &&
    scheme !== 'tcp'
  ) {
    throw new UsageError(`${text} is no target for ${protocol}: ${scheme}:// is something else`)
  }
  const number = Number(port)
  if (number < 1 || number > 65_535) throw new UsageError(`${text}: a port is a number from 1 to 65535`)
  const endpoint = { host: v6 ?? host ?? '127.0.0.1', port: number }
  return path === undefined ? { endpoint } : { endpoint, path }
}
