import mysql from 'mysql2/promise'

export async function mysql2({ port, user, password, database, ca }) {
  const settings = { host: '127.0.0.1', port, user, password, database }
  const pool = mysql.createPool({ ...settings, connectionLimit: 4 })
  const asked = Array.from({ length: 100 }, (_, i) => pool.query('select ? as i', [i]))
  const sum = (await Promise.all(asked)).reduce((total, [[row]]) => total + row.i, 0)
  const idle = await pool.getConnection()
  const socket = idle.connection.stream
  idle.release()
  await pool.end()
  const secure = await mysql.createConnection({ ...settings, ssl: { ca } })
  const [rows] = await secure.query("select length(repeat('x', 1000000)) as n")
  await secure.end()
  return { socket, said: [sum, rows] }
}
