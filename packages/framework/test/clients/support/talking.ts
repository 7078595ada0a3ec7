// A connection with requests, and its peer.
import {
  type Connection,
  connect,
  createRequests,
  type RequestOptions,
  type Requests,
} from '@pollux/framework'
import { BACKENDS } from '../../support/raw.js'
import { loopOn } from '../../support/serving.js'
import { here } from './clients.js'
import { textLines } from './codecs.js'

/** One connection with requests, and its node:net peer. */
export async function talking(options: RequestOptions<string, string> = {}, init: object = {}) {
  const { target, awaitPeer } = await here()
  const requests = createRequests(options)
  const log: string[] = []
  const conn: Connection<unknown, string, string> = await connect(target, {
    loop: loopOn(BACKENDS[0]),
    codec: textLines,
    plugins: [requests],
    message: (_conn, line) => log.push(line),
    error: (_conn, error) => log.push(String((error as { code?: string }).code ?? error)),
    ...init,
  })
  const peer = await awaitPeer()
  return { requests, conn, peer, log, ask: asking(requests, conn) }
}

const asking =
  (requests: Requests<string, string>, conn: Connection<unknown, string, string>) =>
  (line: string, options = {}) =>
    requests.request(conn, line, options)

/** 'id:rest' */
export const idOf = (line: string) => (line.includes(':') ? line.split(':')[0] : undefined)
