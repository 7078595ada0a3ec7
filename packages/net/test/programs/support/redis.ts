import { identityIn } from './certificates.js'
import { launch, ServerFolder } from './programs.js'

/** A Redis that keeps nothing on disk. */
export interface RedisServer {
  port: number
  tlsPort: number
  /** Of its Unix socket. */
  path: string
  ca: Buffer
}

export async function startRedis(): Promise<RedisServer> {
  const folder = new ServerFolder()
  const path = folder.at('redis.sock')
  const { ca, key, cert } = identityIn(folder)
  const { port, tlsPort } = await launch({
    program: 'redis-server',
    args: (port, tlsPort) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--unixsocket', path, '--tls-port', String(tlsPort)],
      ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'],
      ...['--save', '', '--appendonly', 'no', '--dir', folder.path],
    ],
    ready: /ready to accept connections/i,
  })
  return { port, tlsPort, path, ca }
}
