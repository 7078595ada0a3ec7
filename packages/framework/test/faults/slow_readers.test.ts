// Peers that never read, while the server tells everyone: those that read get everything, and memory has a bound.
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren, Peer, patiently } from '../support/raw.js'
import { leaveNothingBehind } from '../support/serving.js'
import { record } from './figures.js'
import { fixtureOf, Program } from './program.js'

leaveNothingBehind()
afterEach(endChildren)

const SLOW = 50
const FAST = 5
const MESSAGES = 800
const MESSAGE_BYTES = 10_000
const MIB = 1024 * 1024

/** What may wait for one slow reader. */
const MOST_FOR_ONE = 200_000
/** What may wait in the whole server. */
const CAP = 4 * MIB

/** What a process may take beside its queues: buffers, garbage, chance. */
const SLACK = 64 * MIB

describe(`${SLOW} peers that never read, and ${MESSAGES} messages of ${MESSAGE_BYTES} bytes to everyone`, () => {
  it.each([
    { policy: 'drop', args: [String(MOST_FOR_ONE)], bound: SLOW * MOST_FOR_ONE, survivors: SLOW + FAST },
    { policy: 'close', args: [String(MOST_FOR_ONE)], bound: SLOW * MOST_FOR_ONE, survivors: FAST },
    // Nothing but the cap of the whole server: the longest queues are shed.
    {
      policy: 'queue',
      args: [String(MOST_FOR_ONE), String(CAP)],
      bound: CAP + 64 * 1024,
      survivors: undefined,
    },
  ])('policy $policy', async ({ policy, args, bound, survivors }) => {
    const server = new Program(Child.node(['--expose-gc', fixtureOf('broadcast'), policy, ...args]))
    const { port } = await server.next()
    const target = { host: '127.0.0.1', port }
    for (let i = 0; i < SLOW; ++i) (await Peer.connect(target)).socket.pause()
    const fast = await Promise.all(Array.from({ length: FAST }, () => Peer.connect(target)))
    while ((await server.tell('state')).connections !== SLOW + FAST);
    const before = await server.tell('state')

    const batch = 50
    for (let told = 0; told < MESSAGES; told += batch) {
      await server.tell(`tell ${batch}`)
      // No faster than those can read that do: they are never slow themselves.
      await patiently(
        Promise.all(fast.map((peer) => peer.awaitBytes((told + batch) * MESSAGE_BYTES))),
        'the fast ones to have it',
      )
    }
    for (const peer of fast)
      expect(numbersIn(peer.bytes)).toEqual(Array.from({ length: MESSAGES }, (_, i) => i))

    const after = await server.tell('state')
    record(`${SLOW} slow readers, policy ${policy}`, {
      'MB for everyone': (MESSAGES * MESSAGE_BYTES) / 1e6,
      'MB queued at most': Number(after.mostQueued) / 1e6,
      'MB bound': bound / 1e6,
      'MB of memory more': (Number(after.rss) - Number(before.rss)) / 1e6,
      'messages left out': Number(after.droppedMessages),
      'connections left': Number(after.connections),
    })
    // Some messages of slack: a batch is queued before the loop looks at the cap.
    expect(after.mostQueued).toBeLessThanOrEqual(bound + 4 * MESSAGE_BYTES * (SLOW + FAST))
    expect(Number(after.rss) - Number(before.rss)).toBeLessThan(bound + SLACK)
    if (survivors !== undefined) expect(after.connections).toBe(survivors)
    else expect((after.closed as { overload?: number }).overload).toBeGreaterThan(0)
  })
})

/** The numbers at the beginning of the messages. */
function numbersIn(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / MESSAGE_BYTES }, (_, i) => bytes.readUInt32BE(i * MESSAGE_BYTES))
}
