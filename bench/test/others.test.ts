// Load generators that are not ours, and the servers that they are for.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { needs, needsPrograms } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores, type Cores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { runPinned } from '../src/others.js'
import { Results } from '../src/results.js'
import { HTTP, KV, type Suite } from '../src/suites.js'
import { judge } from '../src/targets.js'
import { runTrial } from '../src/trial.js'

const TIMES = { warmUpSeconds: 0.1, durationSeconds: 0.1 }
const cores: Cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }

vi.setConfig({ testTimeout: 60_000 })

beforeAll(() => compilePrograms(), 60_000)

async function trialOf(suite: Suite, shapeName: string, peerName: string) {
  const shape = suite.shapes.find(({ name }) => name === shapeName)
  const peer = suite.peers().find(({ name }) => name === peerName)
  if (shape === undefined || peer === undefined) throw new Error(`no ${shapeName}, or no ${peerName}`)
  return runTrial(1, shape, peer, { ...readEnvironment(), cores }, TIMES)
}

describe('a trial', needs(process.platform === 'linux', 'Linux'), () => {
  it.each(['redis', 'pollux-kv'])(
    'of the store, with redis-benchmark: %s',
    needsPrograms('redis-server', 'redis-benchmark'),
    async (peer) => {
      const trial = await trialOf(KV, 'getx1', peer)
      expect(trial.error).toBeUndefined()
      expect(trial.value).toBeGreaterThan(100)
      expect(trial.load?.server.cpuSeconds).toBeGreaterThan(0)
      expect(trial.load?.loadCpuSeconds).toBeGreaterThan(0)
    },
  )

  it.each(['nginx', 'pollux-http', 'node-http'])(
    'of HTTP, with wrk: %s',
    needsPrograms('nginx', 'wrk'),
    async (peer) => {
      const trial = await trialOf(HTTP, 'hellox16', peer)
      expect(trial.error).toBeUndefined()
      expect(trial.value).toBeGreaterThan(100)
      expect(trial.load?.server.cpuSeconds).toBeGreaterThan(0)
    },
  )

  it('counts what a thread of the generator used that ended before it', async () => {
    // A second of the processor, however long it takes to get it.
    const thread = 'while (process.cpuUsage().user < 1e6) {}'
    const main = `new (require('worker_threads').Worker)(${JSON.stringify(thread)}, { eval: true })
      .on('exit', () => setTimeout(() => {}, 200))`
    const { loadCpuSeconds } = await runPinned([process.execPath, '-e', main], cores.load)
    expect(loadCpuSeconds).toBeGreaterThan(0.4)
  })

  it('of a generator that fails says what it printed', async () => {
    await expect(runPinned(['sh', '-c', 'echo no luck; exit 3'], cores.load)).rejects.toThrow(
      /ended with 3: no luck/,
    )
  })
})

describe('a target', () => {
  it('may be about CPU time for one message', () => {
    const trial = (peer: string, cpuSeconds: number) => ({
      round: 1,
      shape: 'getx16',
      peer,
      startedAt: '',
      loadBound: false,
      disturbed: false,
      load: { messages: 10, server: { cpuSeconds } } as never,
    })
    const verdicts = judge(new Results([trial('redis', 2), trial('pollux-kv', 1)]), KV.targets)
    const verdict = verdicts.find(({ target }) => target.shape === 'getx16' && target.of === 'cpu')
    expect(verdict).toMatchObject({ met: true, measured: { median: 0.5 } })
  })
})
