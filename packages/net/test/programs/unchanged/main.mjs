// Runs the programs, none of which knows of anything but node:net, and says what each did: `node main.mjs '{"pg":{"port":…},…}'`
import { Socket } from '@pollux/net'
import { ioredis } from './ioredis.mjs'
import { mqtt } from './mqtt.mjs'
import { mysql2 } from './mysql2.mjs'
import { pg } from './pg.mjs'
import { undici } from './undici.mjs'
import { ws } from './ws.mjs'

const programs = { ioredis, mqtt, mysql2, pg, undici, ws }

for (const [name, server] of Object.entries(JSON.parse(process.argv[2]))) {
  const { socket, said } = await programs[name](server)
  console.log(
    JSON.stringify({ name, isOurs: Object.prototype.isPrototypeOf.call(Socket.prototype, socket), said }),
  )
}
