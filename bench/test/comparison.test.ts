// The comparison: what it measures, how long that takes, and a short one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { compareAll } from '../src/comparison/command.js'
import { generatorFlags } from '../src/comparison/generator.js'
import { buildMatrix, CURVE, estimateSeconds, FEW, FULL, QUICK } from '../src/comparison/matrix.js'
import { figures, runTrial } from '../src/comparison/trial.js'
import { WORKLOADS, type Workload } from '../src/comparison/workloads.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { BENCH_DIR, ROOT_DIR } from '../src/paths.js'
import { listComparisonPeers } from '../src/peers/comparison.js'
import type { ComparisonPeer } from '../src/peers/comparison-peer.js'
import type { ResultsFile } from '../src/results-file.js'
import { runRows } from '../src/run.js'

// The other tests of the repository may keep every core busy at the same time.
vi.setConfig({ testTimeout: 60_000 })

const find = (name: string) => WORKLOADS.find((workload) => workload.name === name) as Workload

describe('the matrix', () => {
  const rows = buildMatrix(WORKLOADS, listComparisonPeers())

  it('has every family, size, number of connections and depth that is to be compared', () => {
    const values = (of: (workload: Workload) => unknown) => new Set(rows.map(({ shape }) => of(shape)))
    expect(values(({ family }) => family)).toEqual(
      new Set(['echo', 'churn', 'idle', 'fanout', 'udp', 'unix', 'http', 'store', 'slow-readers', 'cost']),
    )
    for (const size of [16, 64, 1024, 4096, 65_536, 1 << 20]) expect(values((w) => w.size)).toContain(size)
    for (const count of [1, 50, 500, 10_000]) expect(values((w) => w.connections)).toContain(count)
    for (const depth of [1, 16, 64]) expect(values((w) => w.depth)).toContain(depth)
    const curve = WORKLOADS.filter(({ family }) => family === 'cost').map(({ connections }) => connections)
    expect([curve[0], curve.at(-1)]).toEqual([10, 18_000])
  })

  it('takes about half an hour, and five minutes when it shall be quick', () => {
    expect(estimateSeconds(rows, FULL) / 60).toBeLessThanOrEqual(36)
    expect(estimateSeconds(rows, QUICK)).toBeLessThanOrEqual(5 * 60)
    expect(FULL.rounds).toBeGreaterThanOrEqual(5)
  })

  it('has every peer in at least one row, and Pollux in all of them', () => {
    const inRows = new Set(rows.flatMap(({ peers }) => peers.map(({ name }) => name)))
    for (const { name } of listComparisonPeers()) expect(inRows).toContain(name)
    for (const { shape, peers } of rows) {
      expect(
        peers.map(({ group }) => group),
        shape.name,
      ).toContain('pollux')
    }
  })

  it('names each row once, and only references and peers that there are', () => {
    expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length)
    const names = listComparisonPeers().map(({ name }) => name)
    for (const { reference, name } of WORKLOADS) expect(names, name).toContain(reference)
    for (const name of [...FEW, ...CURVE]) expect(names).toContain(name)
  })

  it('takes those that are asked for into every row that they serve', () => {
    const only = buildMatrix(WORKLOADS, listComparisonPeers({ against: ROOT_DIR }), ['pollux-owned'])
    expect(only.map(({ shape }) => shape.name)).toContain('cost-64Bx100')
    for (const { peers } of only) {
      expect(peers.map(({ name }) => name)).toEqual(['pollux-owned', 'pollux-owned@against'])
    }
  })
})

describe('what pollux-bench is told', () => {
  const told = (name: string, protocol: Parameters<typeof generatorFlags>[1]) =>
    generatorFlags(find(name), protocol, { target: '127.0.0.1:1', pid: 2 }, FULL).join(' ')

  it('is the load of the row', () => {
    expect(told('echo-64Bx50x16', 'tcp')).toMatch(/^tcp 127.0.0.1:1 --connections 50 --size 64 --depth 16 /)
    expect(told('idle', 'tcp')).toMatch(/^tcp 127.0.0.1:1 --idle 10000 /)
    expect(told('churn', 'tcp')).toContain(' --churn')
    expect(told('fanout-100', 'fanout')).toMatch(/^tcp .* --fanout$/)
    expect(told('http-hello', 'http')).toContain('--path /hello')
    expect(told('get', 'memcache')).toMatch(/^tcp .* --script \S+memcache-get.mjs$/)
  })
})

describe('figures', () => {
  const round = { bytes: 0, verifiedBytes: 0, lost: 0, clientCpuSeconds: 0, clientBusy: 0, queueShare: 0 }
  const result = (more: object, errors = {}, verdict = { wrongAnswers: 0, notes: [] as string[] }) =>
    ({ rounds: [{ ...round, seconds: 2, messages: 1000, ...more }], errors, verdict }) as never

  it('are the rate and what a message costs, with the proportion that the kernel tells', () => {
    const server = { cpuSeconds: 0.1, userSeconds: 0.01, systemSeconds: 0.03, busy: 0 }
    expect(figures(result({ server }), { family: 'echo' })).toEqual({
      value: 500,
      cpuUs: { total: 100, user: 25 },
    })
  })

  it('are none where nothing was answered', () => {
    expect(() => figures(result({ messages: 0 }), { family: 'echo' })).toThrow('nothing was answered')
  })

  it('are none where an answer was wrong or missing, but for datagrams that got lost', () => {
    const wrong = result({}, { 'wrong answer': 2 }, { wrongAnswers: 2, notes: ['it said no'] })
    expect(() => figures(wrong, { family: 'echo' })).toThrow('wrong answer: 2; it said no')
    expect(() => figures(result({}, { 'no answer': 1 }), { family: 'echo' })).toThrow('no answer: 1')
    expect(figures(result({}, { lost: 3 }), { family: 'udp' }).value).toBe(500)
  })
})

describe('a comparison', needs(process.platform === 'linux', 'Linux'), () => {
  let folder = ''

  beforeAll(() => compilePrograms(), 60_000)

  afterEach(() => {
    vi.restoreAllMocks()
    if (folder !== '') rmSync(folder, { recursive: true })
    folder = ''
  })

  /** Runs it as the command line would. */
  async function compare(flags: Parameters<typeof compareAll>[0]) {
    folder = mkdtempSync(join(tmpdir(), 'pollux-bench-test-'))
    const json = join(folder, 'results.json')
    let printed = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text
      return true
    })
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    const code = await compareAll({ duration: 0.1, ...flags, json }, ['--json', json])
    return { code, printed, file: JSON.parse(readFileSync(json, 'utf8')) as ResultsFile }
  }

  it('of two peers in two workloads keeps every trial, in the order of the run', async () => {
    const { code, printed, file } = await compare({
      only: ['c-epoll', 'node'],
      workload: ['echo-64Bx50', 'churn'],
      rounds: 2,
      seed: 5,
    })
    expect(code).toBe(0)
    expect(file.trials).toHaveLength(8)
    expect(file.trials.map(({ order }) => order)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    for (const { error, value, result, cpuUs, memory } of file.trials) {
      expect(error).toBeUndefined()
      expect(value).toBeGreaterThan(10)
      expect(result?.errors).toEqual({})
      expect(cpuUs?.total).toBeGreaterThan(0)
      expect(memory?.peakBytes).toBeGreaterThanOrEqual(memory?.startBytes as number)
    }
    expect(file).toMatchObject({
      format: 1,
      name: 'comparison',
      method: { rounds: 2, seed: 5, quick: false },
    })
    expect(file.revision).toMatch(/^[0-9a-f]{12}( \(dirty\))?$/)
    expect(file.environment.sysctls).toHaveProperty(['net.core.somaxconn'])
    expect(file.peers.map(({ name, group }) => `${name} ${group}`).sort()).toEqual([
      'c-epoll native',
      'node javascript',
    ])
    expect(printed).toContain('64 B × 50')
    expect(printed).toContain('2 rounds are too few for 95%')
  })

  it('against another checkout says of each Pollux what became of it', async () => {
    const { code, printed, file } = await compare({
      against: ROOT_DIR,
      only: ['pollux-owned'],
      workload: ['echo-64Bx50'],
      rounds: 6,
      duration: 0.05,
    })
    expect(code).toBe(0)
    expect(file.against).toBe(file.revision)
    expect(new Set(file.trials.map(({ peer }) => peer))).toEqual(
      new Set(['pollux-owned', 'pollux-owned@against']),
    )
    expect(printed).toMatch(/64 B × 50 +\| Pollux owned +\| \d\.\d\d \(\d\.\d\d–\d\.\d\d\)/)
  })

  it('keeps what failed, with its error', async () => {
    const broken: ComparisonPeer = {
      ...{ name: 'broken', label: 'broken', group: 'native', serves: ['tcp'] },
      command: () => [process.execPath, '-e', 'throw new Error("no luck")', '--'],
      missing: () => undefined,
      version: () => '',
    }
    const mute: ComparisonPeer = {
      ...broken,
      name: 'mute',
      command: () => [process.execPath, '-e', MUTE, '--'],
    }
    const cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }
    const trials = await runRows(
      [{ shape: find('echo-64Bx50'), peers: [broken, mute] }],
      { rounds: 1, seed: 1 },
      (place, workload, peer) => {
        const times = { durationSeconds: 0.1, warmupSeconds: 0 }
        return runTrial(place, workload, peer, { ...readEnvironment(), cores }, times)
      },
    )
    const of = (name: string) => trials.find(({ peer }) => peer === name)
    expect(of('broken')?.error).toContain('no luck')
    expect(of('mute')?.error).toMatch(/closed|ECONNRESET|nothing was answered/)
    for (const { value } of trials) expect(value).toBeUndefined()
  })

  it('refuses names that it does not know', async () => {
    await expect(compareAll({ only: ['nobody'] }, [])).rejects.toThrow(
      /--only: no nobody; there are .*c-epoll/,
    )
    await expect(compareAll({ workload: ['nothing'] }, [])).rejects.toThrow(/--workload: no nothing/)
    await expect(compareAll({ against: 'no-such-revision' }, [])).rejects.toThrow(
      /neither a directory nor a revision/,
    )
  })
})

/** Takes a connection and hangs up. */
const MUTE = `
  require('node:net').createServer((socket) => socket.destroy()).listen(0, '127.0.0.1', function () {
    console.log('listening on tcp://127.0.0.1:' + this.address().port)
  })`

describe('a run that is interrupted', needs(process.platform === 'linux', 'Linux'), () => {
  it('ends after the measurement under way, and writes what it has elsewhere', async () => {
    const json = `interrupted-${process.pid}.json`
    const run = spawn(
      process.execPath,
      [
        join(BENCH_DIR, 'dist/cli.js'),
        ...['--only', 'c-epoll,node', '--workload', 'echo-64Bx50', '--json', json],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const lines = createInterface({ input: run.stderr })
    const said: string[] = []
    lines.on('line', (line) => {
      said.push(line)
      if (line.startsWith('1/12 ')) run.kill('SIGINT')
    })
    const [code] = (await once(run, 'close')) as [number]
    expect(code).toBe(130)
    const written = said.find((line) => line.startsWith('wrote '))?.slice(6) as string
    const file = JSON.parse(readFileSync(written, 'utf8')) as ResultsFile
    rmSync(written)
    expect(file.interrupted).toBe(true)
    expect(file.trials.length).toBeLessThan(12)
    expect(existsSync(json)).toBe(false)
  })
})
