import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityIn } from './certificates.js'
import { launch, runToEnd, ServerFolder } from './programs.js'

/** A MariaDB with one database, and one user, by password. */
export interface MariadbServer {
  port: number
  user: string
  password: string
  database: string
  /** Of its Unix socket. */
  path: string
  ca: Buffer
}

/** Where Debian's mariadb-server-core has them. */
const SYSTEM_TABLES = ['mysql_system_tables.sql', 'mysql_system_tables_data.sql']

export async function startMariadb(): Promise<MariadbServer> {
  const folder = new ServerFolder()
  const [user, password, database] = ['app', 'secret', 'app']
  const path = folder.at('mariadb.sock')
  const { ca, key, cert } = identityIn(folder)
  const options = [
    ...['--no-defaults', '--datadir', folder.path, '--skip-log-bin', '--loose-innodb-buffer-pool-size=16M'],
    ...['--innodb-log-file-size=8M', '--innodb-flush-log-at-trx-commit=0', '--max-allowed-packet=64M'],
    ...['--local-infile=ON'],
  ]
  // What mariadb-install-db does, which wants the client's package as well.
  const sql = [
    'create database mysql;',
    'use mysql;',
    ...SYSTEM_TABLES.map((name) => readFileSync(join('/usr/share/mysql', name), 'utf8')),
    'flush privileges;',
    `create user ${user} identified by '${password}';`,
    `grant all on *.* to ${user};`,
    `create database ${database};`,
    '',
  ].join('\n')
  await runToEnd('mariadbd', [...options, '--bootstrap'], sql)
  const tls = ['--ssl-key', key, '--ssl-cert', cert, '--ssl-ca', cert]
  const { port } = await launch({
    program: 'mariadbd',
    args: (port) => [
      ...options,
      ...['--bind-address', '127.0.0.1', '--port', String(port), '--socket', path],
      ...tls,
    ],
    ready: /ready for connections/,
  })
  return { port, user, password, database, path, ca }
}
