// Programs that know of nothing but node:net, on each version of Node.js: as they are, and with --import @pollux/net/register.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { Child } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'
import { startMariadb } from './support/mariadb.js'
import { startMosquitto } from './support/mosquitto.js'
import { startPostgres } from './support/postgres.js'
import { endServers, locate } from './support/programs.js'
import { startRedis } from './support/redis.js'

const MAIN = fileURLToPath(new URL('./unchanged/main.mjs', import.meta.url))
const HOOK = ['--import', '@pollux/net/register']

/** What each program finds out, whatever it runs over. */
const SAID: Record<string, unknown[]> = {
  ioredis: [[null, 1000], true],
  mqtt: [1 << 20],
  mysql2: [4950, [{ n: 1_000_000 }]],
  pg: [4950, [{ ssl: true, n: 1_000_000 }]],
  undici: [true, 2],
  ws: [true, 1000, 'done'],
}

/** Answers requests with their path, and echoes what comes over a WebSocket. */
async function startHttp(): Promise<Server> {
  const server = createServer(({ url }, response) => response.end(`hello ${url}`))
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** What the client of a server of others needs to know, where that server is installed. */
async function startIfThere<S extends { ca: Buffer }>(program: string, start: () => Promise<S>) {
  if (locate(program) === undefined) return undefined
  const server = await start()
  return { ...server, ca: server.ca.toString() }
}

describe('programs that know of nothing but node:net', () => {
  /** By the program that they are for. */
  let servers: Record<string, object>
  let http: Server

  beforeAll(async () => {
    http = await startHttp()
    const { port } = http.address() as AddressInfo
    const [ioredis, mqtt, mysql2, pg] = await Promise.all([
      startIfThere('redis-server', startRedis),
      startIfThere('mosquitto', startMosquitto),
      startIfThere('mariadbd', startMariadb),
      startIfThere('postgres', startPostgres),
    ])
    const all = { ioredis, mqtt, mysql2, pg, undici: { port }, ws: { port } }
    servers = Object.fromEntries(Object.entries(all).filter(([, server]) => server)) as typeof servers
  })

  afterAll(async () => {
    http.close()
    await endServers()
  })

  describe.each(NODES)('on $name', ({ path }) => {
    it.each([
      { over: 'node:net', flags: [], isOurs: false },
      { over: '@pollux/net', flags: HOOK, isOurs: true },
    ])('do the same over $over', async ({ flags, isOurs }) => {
      // From here the package is found by its own name.
      const cwd = fileURLToPath(new URL('.', import.meta.url))
      const child = Child.run(path, [...flags, MAIN, JSON.stringify(servers)], { cwd })
      const code = await child.awaitExit().finally(() => child.process.kill('SIGKILL'))
      expect([code, code === 0 ? '' : child.errors]).toEqual([0, ''])
      const told = child.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(told).toEqual(Object.keys(servers).map((name) => ({ name, isOurs, said: SAID[name] })))
    })
  })
})
