import postgres from 'pg'

export async function pg({ port, user, password, database, ca }) {
  const settings = { host: '127.0.0.1', port, user, password, database }
  const pool = new postgres.Pool({ ...settings, max: 4 })
  const asked = Array.from({ length: 100 }, (_, i) => pool.query('select $1::int as i', [i]))
  const sum = (await Promise.all(asked)).reduce((total, { rows }) => total + rows[0].i, 0)
  await pool.end()
  const secure = new postgres.Client({ ...settings, ssl: { ca } })
  const socket = secure.connection.stream
  await secure.connect()
  const text = "select ssl, length(repeat('x', 1000000)) as n from pg_stat_ssl where pid = pg_backend_pid()"
  const { rows } = await secure.query(text)
  await secure.end()
  return { socket, said: [sum, rows] }
}
