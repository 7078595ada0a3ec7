/**
 * A store that speaks the Redis protocol, in memory.
 *
 *     node examples/dist/kv.js [--host H] [--port P]
 */
import { Kv } from './kv/server.js'
import { start } from './start.js'

await start('kv.js', 6379, () => new Kv().createServer())
