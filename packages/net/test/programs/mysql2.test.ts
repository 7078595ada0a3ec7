// mysql2 against MariaDB, over the sockets that its option `stream` asks for.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type mysql2 from 'mysql2'
import mysql, { type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { type MariadbServer, startMariadb } from './support/mariadb.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { describeWith, freePort } from './support/programs.js'

leaveNothingBehind()

describeWith('mariadbd', 'mysql2', () => {
  let server: MariadbServer

  beforeAll(async () => {
    server = await startMariadb()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    const open = new Set<{ end(): Promise<void> }>()

    function settings(changes: ConnectionOptions = {}): ConnectionOptions {
      const { user, password, database } = server
      const { port = server.port, socketPath: path } = changes
      const stream = () => sockets.connect(path === undefined ? { port, host: '127.0.0.1' } : { path })
      return { user, password, database, stream, ...changes }
    }

    async function client(changes: ConnectionOptions = {}): Promise<Connection> {
      const made = await mysql.createConnection(settings(changes))
      open.add(made)
      return made
    }

    /** The connection below the promises, which its types leave out. */
    const callbacksOf = (db: Connection) => (db as unknown as { connection: mysql2.Connection }).connection

    const rowsOf = async (db: Pick<Connection, 'query'>, sql: string, values: unknown[] = []) =>
      (await db.query<RowDataPacket[]>(sql, values))[0]

    afterEach(async () => {
      for (const each of open) await each.end().catch(() => {})
      open.clear()
      for (const socket of sockets.made) {
        // mysql2 leaves a connection that was refused, or failed, to the garbage collector.
        socket.destroy()
        if (!socket.closed) await once(socket, 'close')
      }
      sockets = new Sockets(net)
    })

    it('says what MariaDB says', async () => {
      const db = await client()
      const sql = "select ? as n, ? as s, null as nothing, date '2026-01-31' as day"
      const [rows, fields] = await db.query({ sql, values: [-7, 'ä€😀'] })
      expect(rows).toEqual([{ n: -7, s: 'ä€😀', nothing: null, day: new Date(2026, 0, 31) }])
      expect(fields.map(({ name }) => name)).toEqual(['n', 's', 'nothing', 'day'])
      expect(sockets.made).toHaveLength(1)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('runs what it prepared, again and again', async () => {
      const db = await client()
      await db.query('create temporary table t (id int primary key auto_increment, text varchar(20))')
      for (let i = 0; i < 100; i++) await db.execute('insert into t (text) values (?)', [`row ${i}`])
      const [rows] = await db.execute<RowDataPacket[]>('select * from t where id > ? order by id', [97])
      expect(rows.map(({ id, text }) => [id, text])).toEqual([
        [98, 'row 97'],
        [99, 'row 98'],
        [100, 'row 99'],
      ])
    })

    it('goes on after an error', async () => {
      const db = await client()
      await expect(db.query('select 1 +')).rejects.toMatchObject({ code: 'ER_PARSE_ERROR', errno: 1064 })
      await expect(db.query('select * from missing')).rejects.toMatchObject({ code: 'ER_NO_SUCH_TABLE' })
      expect(await rowsOf(db, 'select 1 as one')).toEqual([{ one: 1 }])
    })

    it('reads two hundred thousand rows', async () => {
      const db = await client()
      const rows = await rowsOf(db, 'select seq, md5(seq) as hash from seq_1_to_200000')
      expect(rows).toHaveLength(200_000)
      expect(rows.every(({ seq }, at) => seq === at + 1)).toBe(true)
    })

    it('streams rows no faster than they are taken', async () => {
      const db = await client()
      const query = callbacksOf(db).query('select seq, repeat("x", 1000) as text from seq_1_to_20000')
      let seen = 0
      for await (const row of query.stream({ highWaterMark: 10 })) {
        if (row.seq !== ++seen) throw new Error(`row ${row.seq} instead of ${seen}`)
        if (seen % 1000 === 0) await new Promise(setImmediate)
      }
      expect(seen).toBe(20_000)
    })

    it.each([
      { compress: false, megabytes: 8 },
      { compress: true, megabytes: 1 },
    ])('carries $megabytes MiB both ways (compressed: $compress)', async ({ compress, megabytes }) => {
      const db = await client({ compress })
      const bytes = noise(megabytes << 20)
      const sql = 'select ? as same, length(?) as length'
      const [[row]] = await db.execute<RowDataPacket[]>(sql, [bytes, bytes])
      expect(row.length).toBe(bytes.length)
      expectSameBytes(row.same, bytes)
    })

    it('answers in order what was asked at once', async () => {
      const db = await client()
      const asked = Array.from({ length: 1000 }, (_, i) => rowsOf(db, 'select ? as i', [i]))
      const answers = await Promise.all(asked)
      expect(answers.map(([{ i }]) => i)).toEqual(answers.map((_, i) => i))
    })

    it('shares a pool of connections', async () => {
      const db = mysql.createPool({ ...settings(), connectionLimit: 8 })
      open.add(db)
      const asked = Array.from(
        { length: 200 },
        async () => (await rowsOf(db, 'select connection_id() as id'))[0].id,
      )
      expect(new Set(await Promise.all(asked)).size).toBe(8)
      expect(sockets.made).toHaveLength(8)
    })

    it('sends a local file that is a stream', async () => {
      const db = await client()
      await db.query('create temporary table t (n int, text varchar(100))')
      const lines = Array.from({ length: 50_000 }, (_, i) => Buffer.from(`${i}\tline ${i}\n`))
      await db.query({
        sql: "load data local infile 'lines' into table t",
        infileStreamFactory: () => Readable.from(lines),
      })
      const [row] = await rowsOf(db, 'select count(*) as rows_, max(n) as last from t')
      expect(row).toEqual({ rows_: 50_000, last: 49_999 })
    })

    it('opens another connection for the one that the server ended', async () => {
      const db = mysql.createPool({ ...settings(), connectionLimit: 1 })
      open.add(db)
      const [{ id }] = await rowsOf(db, 'select connection_id() as id')
      const [socket] = sockets.made
      const killer = await client()
      const closed = once(socket, 'close')
      await killer.query('kill ?', [id])
      await patiently(closed, 'close')
      const [{ id: next }] = await rowsOf(db, 'select connection_id() as id')
      expect(next).not.toBe(id)
      expect(sockets.made).toHaveLength(3)
    })

    it('fails the query whose connection is ended meanwhile', async () => {
      const [db, killer] = [await client(), await client()]
      db.on('error', () => {})
      const [{ id }] = await rowsOf(db, 'select connection_id() as id')
      const sleeping = expect(db.query('select sleep(60)')).rejects.toMatchObject({
        code: expect.stringMatching(/^(PROTOCOL_CONNECTION_LOST|ER_CONNECTION_KILLED)$/),
      })
      await killer.query('kill ?', [id])
      await patiently(sleeping, 'the failure')
    })

    it('fails with the socket’s error where nobody listens, and the server’s where the password is wrong', async () => {
      await expect(client({ port: await freePort() })).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        syscall: 'connect',
      })
      await expect(client({ password: 'wrong' })).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' })
    })

    it('gives up a server that never speaks', async () => {
      const accepted: Socket[] = []
      const silent = net.createServer((socket) => accepted.push(socket.on('error', () => {}).resume()))
      const port = await freePort()
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
      await expect(client({ port, connectTimeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
      for (const socket of accepted) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })

    it('speaks over a Unix socket', async () => {
      const db = await client({ socketPath: server.path })
      const bytes = noise(1 << 20)
      const [row] = await rowsOf(db, 'select ? as same', [bytes])
      expectSameBytes(row.same, bytes)
    })

    it('turns to TLS on the connection', async () => {
      const db = await client({ ssl: { ca: server.ca.toString() } })
      const [status] = await rowsOf(db, "show status like 'Ssl_cipher'")
      expect(status.Value).toMatch(/^TLS_|-/)
      const bytes = noise(2 << 20)
      const [row] = await rowsOf(db, 'select ? as same', [bytes])
      expectSameBytes(row.same, bytes)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('refuses a server that its authority does not know', async () => {
      await expect(client({ ssl: {} })).rejects.toThrow(/self-signed certificate/)
    })
  })
})
