// The suite `knobs`: each row is two servers that differ in what the row says, and both echo.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyServer } from '@pollux/framework'
import { connect } from '@pollux/framework'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { compilePrograms } from '../src/compile.js'
import { allowedCores, type Cores } from '../src/cores.js'
import { readEnvironment } from '../src/environment.js'
import { KNOBS } from '../src/knobs.js'
import { ROOT_DIR } from '../src/paths.js'
import type { Shape } from '../src/shapes.js'
import { runTrial } from '../src/trial.js'

const { listen } = await import(`${ROOT_DIR}/bench/peers/knobs/stream.mjs`)

const cores: Cores = { server: allowedCores()[0] as number, load: allowedCores().at(-1) as number }
const TIMES = { warmUpSeconds: 0.05, durationSeconds: 0.1 }

vi.setConfig({ testTimeout: 60_000 })

type Settings = { server?: object; listen?: object } & Record<string, unknown>

const settingsIn = (flags: string[] = []): Settings => JSON.parse(flags.at(-1) ?? '{}')

/** What the server of each column is told. */
const columns = (shape: Shape) => [settingsIn(shape.flags), settingsIn(shape.changed?.flags)]

/** A server in a process of its own does more than one in this one. */
const isOneThread = ({ workers, datagrams, net }: Settings) => !(workers || datagrams || net)

/** A line, and a length with what it announces, of 64 bytes. */
const message = Buffer.concat([Buffer.from([0, 0, 0, 60]), Buffer.alloc(59, 'x'), Buffer.from('\n')])

async function echoed(settings: Settings): Promise<Buffer> {
  let server: AnyServer | undefined
  const address = await listen(ROOT_DIR, settings, (made: AnyServer) => {
    server = made
    return made.listen({ host: '127.0.0.1', port: 0, ...settings.listen })
  })
  try {
    const client = await connect(address, { open() {} })
    client.write(message)
    const chunks: Buffer[] = []
    for await (const chunk of client) {
      chunks.push(chunk)
      if (Buffer.concat(chunks).length >= message.length) break
    }
    return Buffer.concat(chunks)
  } finally {
    await server?.close({ deadlineMs: 0 })
    server?.loop.close()
  }
}

describe('a row of the suite knobs', needs(process.platform === 'linux', 'Linux'), () => {
  beforeAll(() => compilePrograms(), 60_000)

  it.each(KNOBS.shapes.map((shape) => [shape.name, shape] as const))('%s changes something', (_, shape) => {
    const [plain, changed] = columns(shape).map(({ server, ...more }) => ({ server: { ...server }, ...more }))
    const isClients = shape.load !== undefined
    expect(
      isClients || shape.changed?.before !== undefined || JSON.stringify(plain) !== JSON.stringify(changed),
    ).toBe(true)
  })

  it('has a name of its own', () => {
    const names = KNOBS.shapes.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  const streams = KNOBS.shapes.filter((shape) => columns(shape).every(isOneThread))

  it.each(streams.map((shape) => [shape.name, shape] as const))('%s: both servers echo', async (_, shape) => {
    // Thousands of sockets beside it take a second, and are the same server.
    for (const settings of columns(shape)) expect(await echoed({ ...settings, beside: 2 })).toEqual(message)
  })

  it.each(['unpinned', 'workers2', 'gro', 'onread'])('%s: both servers are measured', async (name) => {
    const shape = KNOBS.shapes.find((each) => each.name === name) as Shape
    for (const peer of KNOBS.peers()) {
      const trial = await runTrial(1, shape, peer, { ...readEnvironment(), cores }, TIMES)
      expect(trial.error).toBeUndefined()
      expect(trial.value).toBeGreaterThan(10)
    }
  })

  it('measures memory with settings of Node.js', async () => {
    const shape = KNOBS.shapes.find(({ name }) => name === 'idleYoung') as Shape
    const changed = KNOBS.peers().find(({ isChanged }) => isChanged)
    const trial = await runTrial(
      1,
      { ...shape, connections: 500 },
      changed as never,
      { ...readEnvironment(), cores },
      TIMES,
    )
    expect(trial.error).toBeUndefined()
    expect(trial.idle?.connections).toBe(500)
  })
})

describe('docs/performance.md', () => {
  const page = readFileSync(join(ROOT_DIR, 'docs/performance.md'), 'utf8')

  it('shows every row once', () => {
    const shown = [...page.matchAll(/<!-- results: knobs (.*?) -->\n([\s\S]*?)<!-- end -->/g)]
    expect(shown.flatMap(([, names]) => names.split(' ')).sort()).toEqual(
      KNOBS.shapes.map(({ name }) => name).sort(),
    )
    for (const [, names, table] of shown) {
      const [, , ...rows] = table.split('\n').filter((line) => line.startsWith('| '))
      expect(rows).toHaveLength(names.split(' ').length)
    }
  })
})
