// The same commands to Redis and to us: the same bytes come back.
import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../packages/native-poll/test/support/child.js'
import { temporaryFolder } from '../../../packages/native-poll/test/support/folder.js'
import { checkFds } from '../../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../../packages/native-poll/test/support/needs.js'
import { Random, seeds } from '../../../packages/native-poll/test/support/random.js'
import { randomCommands } from '../support/commands.js'
import { startExample } from '../support/programs.js'
import { replies, startRedis } from '../support/redis.js'

checkFds()
afterEach(endChildren)
const folder = temporaryFolder()

/** Redis gives these in an order of its own. */
const UNORDERED = new Set([
  'KEYS',
  'SCAN',
  'HGETALL',
  'HKEYS',
  'HVALS',
  'SMEMBERS',
  'SINTER',
  'SUNION',
  'SDIFF',
  'SPOP',
  'SRANDMEMBER',
])

/** How far times to live may be apart, in the unit of the reply: a minute is what a loaded machine may take. */
const TOLERANCES: Record<string, number> = { TTL: 60, PTTL: 60_000 }

function isSame(name: string, ours: string, theirs: string): boolean {
  if (UNORDERED.has(name)) return isDeepStrictEqual(ours.split('\r\n').sort(), theirs.split('\r\n').sort())
  if (ours === theirs) return true
  const [our, their] = [ours, theirs].map((reply) => Number(/^:(\d+)\r\n$/.exec(reply)?.[1]))
  return Math.abs(our - their) < TOLERANCES[name]
}

describe('against redis-server', needsPrograms('redis-server'), () => {
  it.each(
    seeds(6).flatMap((seed) => [
      [2, seed],
      [3, seed],
    ]),
  )('version %i, seed %i: every reply is the same', async (version, seed) => {
    const commands = [['FLUSHALL'], ...randomCommands(new Random(seed), 600)]
    if (version === 3) commands.unshift(['HELLO', '3'])
    const { path } = await startRedis(folder)
    const { port } = await startExample('kv')
    const theirs = await replies({ path }, commands)
    const ours = await replies({ host: '127.0.0.1', port }, commands)
    const differences = commands.flatMap((command, i) => {
      if (command[0] === 'HELLO' && command.length === 2) return []
      return isSame(command[0], ours[i], theirs[i]) ? [] : [{ i, command, ours: ours[i], redis: theirs[i] }]
    })
    expect(differences).toEqual([])
  })
})
