// What a poll that waits does to its process, its worker, and their ends.
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { checkFds, openFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'

checkFds()
afterEach(endChildren)

const FIXTURE = fileURLToPath(new URL('../fixtures/poll.mjs', import.meta.url))
const TIMES = 10

describe.each(BACKENDS)('on %s', (backend) => {
  it('keeps the process alive until its time is over, and no longer', async () => {
    const child = Child.node([FIXTURE, backend, '30'])
    expect(await child.awaitExit()).toBe(0)
    expect(child.output).toBe('revents 0\n')
  })

  it('keeps it alive for ever where it has no end', async () => {
    const child = Child.node([FIXTURE, backend, '-1'])
    const exit = child.awaitExit()
    const second = Child.node([FIXTURE, backend, '100'])
    expect(await second.awaitExit()).toBe(0)
    expect(child.process.exitCode).toBeNull()
    child.process.kill('SIGTERM')
    expect(await exit).toBe('SIGTERM')
  })

  it(`leaves no descriptor behind when its worker is ended, ${TIMES} times`, async () => {
    await endWhilePolling()
    const before = openFds()
    for (let i = 0; i < TIMES; ++i) await endWhilePolling()
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
    expect(openFds()).toEqual(before)
  })

  async function endWhilePolling() {
    const worker = new Worker(FIXTURE, { workerData: [backend, -1] })
    await patiently(new Promise((resolve) => worker.once('message', resolve)), 'the worker to poll')
    await worker.terminate()
  }
})
