// What kv and http have in common as programs.
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { Peer } from '../../packages/native-poll/test/support/peer.js'
import { pathOf, startExample } from './support/programs.js'

checkFds()
afterEach(endChildren)

describe.each(['kv', 'http'])('the example %s', (name) => {
  const start = (...flags: string[]) => Child.node([pathOf(name), ...flags])

  it('says where it listens and nothing else, and ends with code 0 on SIGTERM, with a client', async () => {
    const { child, port } = await startExample(name)
    const peer = await Peer.connect({ host: '127.0.0.1', port })
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
    await peer.awaitClosedOrEnded()
    expect(child.output).toBe(`listening on tcp://127.0.0.1:${port}\n`)
    expect(child.errors).toBe('')
  })

  it.each([[['--nonsense']], [['--port', '65536']], [['--port', '']], [['extra']]])(
    'refuses %o with code 2, and says how to use it',
    async (flags) => {
      const child = start(...flags)
      expect(await child.awaitExit()).toBe(2)
      expect(child.errors).toMatch(/^usage: .*--port/m)
      expect(child.output).toBe('')
    },
  )

  it('says in one line what is wrong with its address, with code 1', async () => {
    const { port } = await startExample(name)
    const second = start('--port', String(port))
    expect(await second.awaitExit()).toBe(1)
    expect(second.errors).toMatch(/^bind 127\.0\.0\.1:\d+: .* \(EADDRINUSE\); .*\n$/)
  })
})
