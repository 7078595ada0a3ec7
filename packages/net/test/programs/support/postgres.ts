import { identityIn } from './certificates.js'
import { launch, runToEnd, ServerFolder } from './programs.js'

/** A PostgreSQL with a database `postgres`, and one user, by password. */
export interface PostgresServer {
  port: number
  user: string
  password: string
  database: string
  /** Of its Unix socket. */
  folder: string
  ca: Buffer
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = new ServerFolder()
  const [user, password] = ['postgres', 'secret']
  const data = folder.at('data')
  const account = ['--username', user, '--pwfile', folder.write('password', password)]
  const form = ['--auth', 'scram-sha-256', '--no-locale', '--encoding', 'UTF8', '--no-sync']
  await runToEnd('initdb', ['--pgdata', data, ...account, ...form])
  const { ca, key, cert } = identityIn(folder)
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder.path,
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: cert,
    fsync: 'off',
    max_connections: '20',
    shared_buffers: '16MB',
    log_destination: 'stderr',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { port } = await launch({
    program: 'postgres',
    args: (port) => ['-D', data, '-p', String(port), ...options],
    ready: /ready to accept connections/,
    // Killed, it would leave its shared memory behind.
    signal: 'SIGQUIT',
  })
  return { port, user, password, database: user, folder: folder.path, ca }
}
