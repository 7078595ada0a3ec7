// TLS servers of Node's, which listen as they are prepared to, until the test is over.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import nodeTls, { type TLSSocket } from 'node:tls'
import { afterEach } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { makeIdentity } from '../programs/support/certificates.js'

const identity = makeIdentity()

/** What a client connects to, and trusts. */
export interface TlsTarget {
  port: number
  host: string
  ca: Buffer
}

export interface TlsServers {
  serve(onConnection: (socket: TLSSocket) => void, options?: nodeTls.TlsOptions): Promise<TlsTarget>
  /** Those of this test, in the order of their making. */
  servers: nodeTls.Server[]
}

/** To be called in a `describe`, after what counts descriptors: hooks run last to first. */
export function tlsServers(prepare: (server: nodeTls.Server) => nodeTls.Server): TlsServers {
  const servers: nodeTls.Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close()
      await patiently(once(server, 'close'), 'the close of the server')
    }
  })
  return {
    servers,
    async serve(onConnection, options = {}) {
      const server = prepare(nodeTls.createServer({ ...identity, ...options }, onConnection))
      servers.push(server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: identity.cert }
    },
  }
}
