// pg against PostgreSQL, over the sockets that its option `stream` asks for.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import pg, { type ClientConfig } from 'pg'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { type PostgresServer, startPostgres } from './support/postgres.js'
import { describeWith, freePort } from './support/programs.js'

leaveNothingBehind()

describeWith('postgres', 'pg', () => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    const open = new Set<{ end(): Promise<void> }>()

    function settings(changes: ClientConfig = {}): ClientConfig {
      const { port, user, password, database } = server
      return { host: '127.0.0.1', port, user, password, database, stream: sockets.unconnected, ...changes }
    }

    async function client(changes: ClientConfig = {}): Promise<pg.Client> {
      const made = new pg.Client(settings(changes))
      open.add(made)
      await made.connect()
      return made
    }

    function pool(max: number): pg.Pool {
      const made = new pg.Pool({ ...settings(), max })
      open.add(made)
      return made
    }

    afterEach(async () => {
      for (const each of open) await each.end()
      open.clear()
      for (const socket of sockets.made) if (!socket.closed) await once(socket, 'close')
      sockets = new Sockets(net)
    })

    it('says what PostgreSQL says', async () => {
      const db = await client()
      const { rows, fields } = await db.query(
        "select $1::int as n, $2::text as s, null as nothing, true as yes, '{1,2}'::int[] as list, '{\"a\":[1]}'::jsonb as json",
        [-7, 'ä€😀'],
      )
      expect(rows).toEqual([{ n: -7, s: 'ä€😀', nothing: null, yes: true, list: [1, 2], json: { a: [1] } }])
      expect(fields.map(({ name }) => name)).toEqual(['n', 's', 'nothing', 'yes', 'list', 'json'])
      expect(sockets.made).toHaveLength(1)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('goes on after an error', async () => {
      const db = await client()
      await expect(db.query('select 1 +')).rejects.toMatchObject({ code: '42601', severity: 'ERROR' })
      await expect(db.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' })
      expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })

    it('reads two hundred thousand rows', async () => {
      const db = await client()
      const text = 'select i, md5(i::text) as hash from generate_series(1, 200000) as i'
      const { rows } = await db.query({ text, rowMode: 'array' })
      expect(rows).toHaveLength(200_000)
      expect(rows.every(([i], at) => i === at + 1)).toBe(true)
      expect(rows[199_999][1]).toBe(createHash('md5').update('200000').digest('hex'))
    })

    it('carries megabytes both ways', async () => {
      const db = await client()
      const bytes = noise(8 << 20)
      const { rows } = await db.query('select $1::bytea as same, length($1::bytea) as length', [bytes])
      expect(rows[0].length).toBe(bytes.length)
      expectSameBytes(rows[0].same, bytes)
    })

    it('answers in order what was asked at once', async () => {
      const db = await client()
      const asked = Array.from({ length: 1000 }, (_, i) => db.query('select $1::int as i', [i]))
      const answers = await Promise.all(asked)
      expect(answers.map(({ rows }) => rows[0].i)).toEqual(answers.map((_, i) => i))
    })

    it('shares a pool of connections', async () => {
      const db = pool(8)
      const pids = await Promise.all(
        Array.from(
          { length: 200 },
          async () => (await db.query('select pg_backend_pid() as pid')).rows[0].pid,
        ),
      )
      expect(new Set(pids).size).toBe(8)
      expect(sockets.made).toHaveLength(8)
    })

    it('commits a transaction, and rolls one back', async () => {
      const db = await client()
      await db.query('create temporary table t (n int)')
      await db.query('begin')
      await db.query('insert into t select generate_series(1, 10)')
      await db.query('commit')
      await db.query('begin')
      await db.query('delete from t')
      await db.query('rollback')
      expect((await db.query('select count(*)::int as n from t')).rows).toEqual([{ n: 10 }])
    })

    it('hears what another connection notifies', async () => {
      const [listener, notifier] = [await client(), await client()]
      await listener.query('listen news')
      const heard: (string | undefined)[] = []
      const all = new Promise<void>((resolve) =>
        listener.on('notification', ({ payload }) => {
          if (heard.push(payload) === 500) resolve()
        }),
      )
      await notifier.query("select pg_notify('news', i::text) from generate_series(1, 500) as i")
      await patiently(all, 'the notifications')
      expect(heard).toEqual(Array.from({ length: 500 }, (_, i) => String(i + 1)))
    })

    it('opens another connection for the one that the server ended', async () => {
      const [db, killer] = [pool(1), await client()]
      const pid = (await db.query('select pg_backend_pid() as pid')).rows[0].pid
      const told = new Promise<Error>((resolve) => db.once('error', resolve))
      await killer.query('select pg_terminate_backend($1)', [pid])
      expect(await patiently(told, 'the error')).toMatchObject({ code: '57P01' })
      const { rows } = await db.query('select pg_backend_pid() as pid')
      expect(rows[0].pid).not.toBe(pid)
    })

    it('fails the query whose connection is ended meanwhile', async () => {
      const [db, killer] = [await client(), await client()]
      db.on('error', () => {})
      const pid = (await db.query('select pg_backend_pid() as pid')).rows[0].pid
      const sleeping = expect(db.query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57P01' })
      await killer.query('select pg_terminate_backend($1)', [pid])
      await patiently(sleeping, 'the failure')
    })

    it('fails with the socket’s error where nobody listens, and the server’s where the password is wrong', async () => {
      await expect(client({ port: await freePort() })).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        syscall: 'connect',
      })
      await expect(client({ password: 'wrong' })).rejects.toMatchObject({ code: '28P01' })
    })

    it('gives up a server that never speaks', async () => {
      const accepted: Socket[] = []
      const silent = net.createServer((socket) => accepted.push(socket.on('error', () => {}).resume()))
      const port = await freePort()
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
      await expect(client({ port, connectionTimeoutMillis: 20 })).rejects.toThrow('timeout expired')
      for (const socket of accepted) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })

    it('speaks over a Unix socket', async () => {
      const db = await client({ host: server.folder })
      expect((await db.query('select inet_client_addr() as address')).rows).toEqual([{ address: null }])
    })

    it('turns to TLS on the connection', async () => {
      const db = await client({ ssl: { ca: server.ca } })
      const query = 'select ssl, $1::bytea as same from pg_stat_ssl where pid = pg_backend_pid()'
      const bytes = noise(2 << 20)
      const { rows } = await db.query(query, [bytes])
      expect(rows[0].ssl).toBe(true)
      expectSameBytes(rows[0].same, bytes)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('refuses a server that its authority does not know', async () => {
      await expect(client({ ssl: true })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    })
  })
})
