// A process or a worker lives for the look-ups that somebody waits for, and not for others; when it ends, whatever
// still runs harms nobody.
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { getaddrinfo } from '@pollux/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { callCounts, clearFaults, release } from '../../../native-poll/test/support/faults.js'
import { checkFds, openFds } from '../../../native-poll/test/support/leaks.js'
import { eventually, patiently } from '../../../native-poll/test/support/patience.js'

checkFds()
clearFaults()
afterEach(endChildren)

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** What a process printed that ended by itself. */
async function lifeOf(file: string, ...args: string[]): Promise<string> {
  const child = Child.node([fixture(file), ...args])
  expect(await child.awaitExit(), child.errors).toBe(0)
  expect(child.errors).toBe('')
  return child.output
}

describe('a process', () => {
  it('lives until its look-up is answered', async () => {
    expect(await lifeOf('lookups.mjs', 'waits')).toBe('found 127.0.0.1\n')
  })

  it('ends although an aborted look-up hangs', async () => {
    expect(await lifeOf('lookups.mjs', 'aborts')).toBe('given up\n')
  })

  it('ends although a look-up hangs that took too long', async () => {
    expect(await lifeOf('lookups.mjs', 'times-out')).toBe('ERR_POLLUX_TIMEOUT\n')
  })

  it('ends by process.exit although a look-up hangs', async () => {
    expect(await lifeOf('lookups.mjs', 'exits')).toBe('exits\n')
  })

  it('hears of what is thrown after an answer', async () => {
    expect(await lifeOf('lookups.mjs', 'throws-in-the-end')).toBe('uncaught of a microtask\n')
  })

  it('leaves nothing unsettled', async () => {
    expect(await lifeOf('lookups.mjs', 'thousand')).toBe('0 unsettled\n')
  })

  it('whose workers alone load the addon survives what they leave behind', async () => {
    expect(await lifeOf('lookup_workers.mjs')).toBe('hangs\nterminated\nfreed 16\n')
  })
})

describe('a worker', () => {
  const workers = new Set<Worker>()
  afterEach(async () => {
    for (const worker of workers) await worker.terminate()
    workers.clear()
  })

  async function start(scenario: string): Promise<Worker> {
    const worker = new Worker(fixture('lookups.mjs'), { workerData: scenario })
    workers.add(worker)
    const message = new Promise<string>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    expect(await patiently(message, `the worker that is ${scenario}`)).toBe(scenario)
    return worker
  }

  it('is terminated although its look-ups hang, and their lists are freed when they end', async () => {
    const worker = await start('hangs')
    await patiently(worker.terminate(), 'the worker to end')
    expect(callCounts().freeaddrinfo).toBe(0)
    const begun = callCounts().getaddrinfo
    release()
    await eventually('the lists to be freed', () => callCounts().freeaddrinfo === begun)
    // What it had queued went with it, and a thread is free for us.
    await getaddrinfo('127.0.0.1', 80)
    expect(callCounts().getaddrinfo).toBe(begun + 1)
  })

  it('is terminated in the middle of many, and leaves neither a list nor an fd', async () => {
    await (await start('busy')).terminate()
    const before = openFds()
    for (let i = 0; i < 10; ++i) await (await start('busy')).terminate()
    await eventually('the lists to be freed', () => callCounts().freeaddrinfo === callCounts().getaddrinfo)
    await eventually('every descriptor to be closed', () => openFds().length <= before.length)
  })
})
