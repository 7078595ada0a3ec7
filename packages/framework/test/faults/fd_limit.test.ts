// More peers than the process may have descriptors: those that it has are served, the others are told so, and all is
// well again when some have left.
import { execFileSync } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import { endChildren, eventually, noise, Peer, patiently } from '../support/raw.js'
import { expectEcho, leaveNothingBehind } from '../support/serving.js'
import { record } from './figures.js'
import { type Answer, Program } from './program.js'

leaveNothingBehind()
afterEach(endChildren)

// Enough to load the framework, whose modules are opened at the same time.
const LIMIT = 300
const FLOOD = 800

const LOWER_LIMIT = `
import resource, sys
pid, limit = map(int, sys.argv[1:])
resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
`

it(`${FLOOD} peers of a server with ${LIMIT} descriptors`, async () => {
  const server = Program.start('echo')
  const { port } = await server.next()
  // Only now that its modules are loaded: Node opens as many of them at a time as it can.
  execFileSync('python3', ['-c', LOWER_LIMIT, String(server.child.process.pid), String(LIMIT)])
  const quiet = server.fds

  // The kernel completes all of them: the queue of a listener is longer than this.
  const peers = await Promise.all(
    Array.from({ length: FLOOD }, () => Peer.connect({ host: '127.0.0.1', port })),
  )
  const isGone = (peer: Peer) => peer.isEnded || peer.isClosed
  const full = await stateWhere(server, ({ pauses }) => Number(pauses) > 0)
  const taken = Number(full.connections)
  expect(full.firstError).toBe('EMFILE')
  expect(taken).toBeGreaterThan(LIMIT / 2)
  expect(taken).toBeLessThan(LIMIT)

  // Nobody hangs: who can't be served is told, by a connection that closes, and may try again.
  await eventually('the others to be told', () => peers.filter(isGone).length === FLOOD - taken)
  const served = peers.filter((peer) => !isGone(peer))
  // Who is in is served as if nothing were wrong.
  for (const peer of served) await expectEcho(peer, noise(10_000))

  // As those leave, the others get in.
  const left = performance.now()
  for (const peer of peers) peer.socket.destroy()
  let tries = 0
  const insist = async () => {
    for (;;) {
      tries++
      const peer = await Peer.connect({ host: '127.0.0.1', port })
      peer.socket.write('hello')
      await Promise.race([peer.awaitBytes(5), peer.awaitClosedOrEnded()])
      const isServed = peer.bytes.toString() === 'hello'
      peer.socket.destroy()
      if (isServed) return
    }
  }
  await patiently(Promise.all(Array.from({ length: FLOOD - taken }, insist)), 'all to be served')
  const recoveredMs = performance.now() - left

  const after = await stateWhere(server, (state) => state.connections === 0 && state.resumes === state.pauses)
  await eventually('its descriptors to be closed', () => server.fds === quiet)
  for (let i = 0; i < LIMIT; ++i) {
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    await expectEcho(peer, noise(100))
    peer.socket.destroy()
  }
  expect((await server.tell('state')).pauses).toBe(after.pauses)
  record(`${FLOOD} connects past a limit of ${LIMIT} descriptors`, {
    'served at the limit': taken,
    'told at once': FLOOD - taken,
    pauses: Number(after.pauses),
    'tries of those that came again': tries,
    'ms until all were served': recoveredMs,
  })
})

async function stateWhere(server: Program, isSo: (state: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const state = await server.tell('state')
    if (isSo(state)) return state
  }
}
