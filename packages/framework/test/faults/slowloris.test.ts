// A thousand peers that drip a byte now and then, beside a few that behave: these are served as before.
import { afterEach, expect, it } from 'vitest'
import { endChildren, Peer } from '../support/raw.js'
import { leaveNothingBehind } from '../support/serving.js'
import { median, quantile, record } from './figures.js'
import { Program } from './program.js'

leaveNothingBehind()
afterEach(endChildren)

const PEERS = 1000
/** How long each takes for its next byte: five thousand of them a second in all. */
const PERIOD_MS = 200
const ROUNDS = 4
const PINGS = 100

/** What they drip in each round, at least. */
const BYTES = PEERS

/** Only a hang is as slow as this. */
const STARVED_MS = 200
const FACTOR = 10

it(`${PEERS} slowloris peers take nothing from the others`, async () => {
  const server = Program.start('echo')
  const { port } = await server.next()
  const crowd = Program.start('slowloris', [String(port), String(PEERS), String(PERIOD_MS)])
  await crowd.next()
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  const usual: number[] = []
  const crowded: number[] = []
  await timesOf(peer, PINGS)
  // In turns: whatever else this machine does meanwhile falls on both.
  for (let round = 0; round < ROUNDS; ++round) {
    usual.push(...(await timesOf(peer, PINGS)))
    await crowd.tell('come')
    while ((await server.tell('state')).connections !== PEERS + 1);
    do crowded.push(...(await timesOf(peer, PINGS)))
    while (Number((await crowd.tell('count')).sent) < BYTES * (round + 1))
    await crowd.tell('go')
  }
  const { sent } = await crowd.tell('count')
  record(`${PEERS} slowloris peers`, {
    'bytes dripped': Number(sent),
    'usual p50 µs': 1000 * median(usual),
    'p50 µs beside them': 1000 * median(crowded),
    'usual p99 µs': 1000 * quantile(usual, 0.99),
    'p99 µs beside them': 1000 * quantile(crowded, 0.99),
    factor: median(crowded) / median(usual),
  })
  expect(median(crowded)).toBeLessThan(Math.max(FACTOR * median(usual), STARVED_MS))
})

it("a time limit for a message is their end, and nobody else's", async () => {
  const server = Program.start('echo', ['500'])
  const { port } = await server.next()
  const crowd = Program.start('slowloris', [String(port), '200', '50'])
  await crowd.next()
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  await crowd.tell('come')
  let pings = 0
  do {
    await timesOf(peer, 1, 'ping\n')
    pings++
  } while (Number((await crowd.tell('count')).closed) < 200)
  const { connections, closed } = await server.tell('state')
  record('200 slowloris peers and messageTimeoutMs', { 'pings meanwhile': pings, ...(closed as object) })
  expect(connections).toBe(1)
  expect(closed).toEqual({ message_timeout: 200 })
})

/** Milliseconds of each round trip, one after the other. */
async function timesOf({ socket }: Peer, count: number, ping = 'ping'): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; ++i) {
    const begun = performance.now()
    const answered = new Promise((resolve) => socket.once('data', resolve))
    socket.write(ping)
    await answered
    times.push(performance.now() - begun)
  }
  return times
}
