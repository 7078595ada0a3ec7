// Whatever ends, a socket, its loop, its worker or its process: what waits is settled or released, and no fd stays.
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { openFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { coreFixture, ENDS_BUSY } from '../support/fixtures.js'

afterEach(endChildren)

const SCRIPT = coreFixture('socket_endings.mjs')

/** What waits in every scenario, by its name there, and how it ends when its socket is closed. */
const CLOSED = 'ERR_POLLUX_CLOSED'
const ENDS = {
  accept: CLOSED,
  iterate: 'resolved at the end',
  recv: CLOSED,
  'recv behind it': CLOSED,
  send: CLOSED,
  sendmsg: CLOSED,
  recvmsg: CLOSED,
  recvmmsg: CLOSED,
  select: CLOSED,
}

describe.each(BACKENDS)('on %s', (backend) => {
  const run = (scenario: string) => Child.node([ENDS_BUSY, SCRIPT, scenario], { POLLUX_BACKEND: backend })

  it.each(['exit', 'exit later', 'exit in traffic'])(
    'a process with all that can wait ends by process.exit (%s)',
    async (scenario) => {
      const child = run(scenario)
      expect(await child.awaitExit()).toBe(0)
      expect(child.errors).toBe('')
      // Nobody is told, for nobody is left.
      expect(child.output).toBe('')
    },
  )

  it('a process with all that can wait ends by what nobody catches', async () => {
    const child = run('throw')
    expect(await child.awaitExit()).toBe(1)
    expect(child.errors).toContain('nobody catches this')
  })

  it('a process does not live for calls on sockets that are not referenced', async () => {
    const child = run('unreferenced')
    expect(await child.awaitExit()).toBe(0)
    expect(child.errors).toBe('')
  })

  it('closed sockets settle all that waits on them, and the process ends', async () => {
    const child = run('close the sockets')
    // poll(2) reports a closed descriptor. One that was given by its number only is not ours to know of.
    await child.awaitOutput(/^poll: resolved/m)
    for (const [name, end] of Object.entries(ENDS))
      await child.awaitOutput(new RegExp(`^${name}: ${end}$`, 'm'))
    expect(child.errors).toBe('')
  })

  it.each(['close the loop', 'close the loop at once'])(
    'a closed loop settles all that waits on it (%s)',
    async (scenario) => {
      const child = run(scenario)
      expect(await child.awaitExit()).toBe(0)
      expect(child.errors).toBe('')
      const ends = { ...ENDS, poll: CLOSED, 'poll of a number': CLOSED }
      for (const [name, end] of Object.entries(ends)) expect(child.output).toContain(`${name}: ${end}\n`)
      expect(child.output).toMatch(/^waiting: 0$/m)
      if (process.platform === 'linux') expect(child.output).toMatch(/^more fds: 0$/m)
      expect(child.output).not.toContain('open after all')
    },
  )

  it('workers that are terminated in mid-traffic leave no fd', async () => {
    // What the first worker of a process opens for good is no leak.
    await (await busyWorker(backend)).terminate()
    const before = openFds()
    for (let i = 0; i < 10; i++) await (await busyWorker(backend)).terminate()
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
    expect(openFds()).toEqual(before)
  })
})

async function busyWorker(backend: string): Promise<Worker> {
  const worker = new Worker(SCRIPT, { workerData: 'busy', env: { ...process.env, POLLUX_BACKEND: backend } })
  const busy = new Promise<void>((resolve, reject) => {
    worker.on('message', (text) => text === 'busy' && resolve())
    worker.once('error', reject)
  })
  await patiently(busy, 'a worker to be busy')
  return worker
}
