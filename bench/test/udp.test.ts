import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores, type Cores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { runLoad } from '../src/load.js'
import type { Peer } from '../src/peers/peer.js'
import { listUdpPeers } from '../src/peers/suites.js'
import { Results } from '../src/results.js'
import { type Shape, shapeFor, UDP_SHAPES } from '../src/shapes.js'
import { UDP } from '../src/suites.js'
import { resultTable } from '../src/table.js'
import { judge } from '../src/targets.js'
import { runTrial } from '../src/trial.js'

const TIMES = { warmUpSeconds: 0.02, durationSeconds: 0.1 }
const cores: Cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }
const [SMALL, LARGE, SEGMENTS] = UDP_SHAPES as [Shape, Shape, Shape]
const peer = (name: string) => listUdpPeers().find((candidate) => candidate.name === name) as Peer

// The other tests of the repository may keep every core busy at the same time.
vi.setConfig({ testTimeout: 30_000 })

beforeAll(() => compilePrograms(), 60_000)

describe('a shape with segments', () => {
  it('is one of plain datagrams for a server that has none', () => {
    expect(shapeFor(SEGMENTS, peer('c-plain'))).toMatchObject({ connections: 4, depth: 16 })
    expect(shapeFor(SEGMENTS, peer('c-plain')).segments).toBeUndefined()
    expect(shapeFor(SEGMENTS, peer('c-batch'))).toMatchObject({ connections: 3, depth: 54 })
    expect(shapeFor(SMALL, peer('c-batch'))).toBe(SMALL)
  })
})

describe('a trial of datagrams', needs(process.platform === 'linux', 'Linux'), () => {
  const environment = { ...readEnvironment(), cores }

  it.each([
    ['c-plain', SMALL],
    ['c-batch', SMALL],
    ['c-batch', SEGMENTS],
    ['node-dgram', LARGE],
  ])('measures %s with every byte that it looks at verified', async (name, shape) => {
    const trial = await runTrial(1, shape, peer(name), environment, TIMES)
    expect(trial.error).toBeUndefined()
    expect(trial.load?.messages).toBeGreaterThan(0)
    expect(trial.load?.verifiedBytes).toBeGreaterThan(0)
    if (shape.size <= 1024) expect(trial.load?.verifiedBytes).toBe(trial.load?.bytes)
    expect(trial.load?.server.cpuSeconds).toBeGreaterThan(0)
  })
})

describe('the load generator of datagrams', needs(process.platform === 'linux', 'Linux'), () => {
  let server: Socket | undefined

  afterEach(() => {
    server?.close()
    server = undefined
  })

  /** A server in this process that answers as told. */
  async function answerBy(answer: (send: (bytes: Buffer) => void, data: Buffer, count: number) => void) {
    let count = 0
    const socket = createSocket('udp4')
    server = socket
    socket.on('message', (data: Buffer, from: RemoteInfo) => {
      answer((bytes) => socket.send(bytes, from.port, from.address), data, count++)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return { target: `127.0.0.1:${socket.address().port}`, pid: process.pid }
  }

  it('finds one wrong byte', async () => {
    const target = await answerBy((send, data, count) => {
      if (count === 20) data[data.length - 1] = (data.at(-1) as number) ^ 1
      send(data)
    })
    await expect(runLoad(SMALL, target, cores, TIMES)).rejects.toThrow('wrong bytes')
  })

  it('finds a datagram that came twice', async () => {
    const target = await answerBy((send, data, count) => {
      send(data)
      if (count === 20) send(data)
    })
    await expect(runLoad(SMALL, target, cores, TIMES)).rejects.toThrow(/again/)
  })

  it('finds one that was cut', async () => {
    const target = await answerBy((send, data, count) => send(count === 20 ? data.subarray(1) : data))
    await expect(runLoad(SMALL, target, cores, TIMES)).rejects.toThrow('wrong length')
  })

  it('goes on after losses, and counts them', async () => {
    const target = await answerBy((send, data, count) => {
      if (count % 50 !== 49) send(data)
    })
    const longer = { warmUpSeconds: 0, durationSeconds: 0.5 }
    const load = await runLoad(SMALL, target, cores, longer)
    expect(load.messages).toBeGreaterThan(0)
    expect(load.lost).toBeGreaterThan(0)
    const base = { round: 1, shape: SMALL.name, peer: 'c-batch', startedAt: '', loadBound: false }
    const results = new Results([{ ...base, disturbed: false, value: 1, load }])
    expect(resultTable(results, [SMALL], [peer('c-batch')], UDP)).toContain('§ More than 0.1%')
  })

  it('fails when nobody listens', async () => {
    const target = await answerBy(() => {})
    server?.close()
    server = undefined
    await expect(runLoad(SMALL, target, cores, TIMES)).rejects.toThrow('Connection refused')
  })
})

describe('the targets of datagrams', () => {
  it('compare Pollux with whichever C server was faster', () => {
    const trial = (name: string, value: number) => ({
      round: 1,
      shape: SMALL.name,
      peer: name,
      startedAt: '',
      loadBound: false,
      disturbed: false,
      value,
    })
    const results = new Results([trial('c-batch', 100), trial('c-plain', 120), trial('pollux-udp', 110)])
    const [first] = judge(results, UDP.targets)
    expect(first?.measured?.median).toBeCloseTo(110 / 120)
    expect(first?.met).toBe(false)
  })
})
