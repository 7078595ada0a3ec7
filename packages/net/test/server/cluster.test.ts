// Workers of node:cluster: our servers share the primary's sockets as Node's do, and the primary sees no difference.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { NODES } from '../support/nodes.js'
import { traceOf } from '../support/traces.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/cluster.mjs', import.meta.url))

afterEach(endChildren)

/** What both tell, of which ours is compared with theirs. */
async function tracesOf(node: string, schedule: string, trial: string): Promise<string[]> {
  const [ours, theirs] = await Promise.all(
    (['ours', 'node'] as const).map((module) => traceOf(node, PROGRAM, module, schedule, trial)),
  )
  expect(ours).toEqual(theirs)
  return ours
}

describe.each(NODES)('in a cluster on $name', ({ name, path }) => {
  it('two workers answer on one port by turns, where the primary accepts', async () => {
    const told = await tracesOf(path, 'rr', 'host')
    expect(told).toEqual(['listening 127.0.0.1 4', '{"hello 1":10,"hello 2":10}', 'exit codes [0,0]'])
  })

  it('two workers accept on one port by themselves', async () => {
    expect((await tracesOf(path, 'none', 'any')).slice(1)).toEqual(['20', 'exit codes [0,0]'])
  })

  // Before version 21 a maxConnections of 0 is none.
  it(
    'a worker that is full leaves connections to the other',
    needs(name !== 'Node 20', 'a Node that takes a maxConnections of 0 for none at all'),
    async () => {
      expect((await tracesOf(path, 'rr', 'full'))[1]).toBe('{"hello 2":20}')
    },
  )
})

describe('in a cluster', () => {
  const node = process.execPath

  it('two workers answer on one path by turns', async () => {
    const told = await tracesOf(node, 'rr', 'path')
    expect(told).toEqual(['listening a path -1', '{"hello 1":10,"hello 2":10}', 'exit codes [0,0]'])
  })

  it('two workers accept on one path by themselves', async () => {
    expect((await tracesOf(node, 'none', 'path')).slice(1)).toEqual(['20', 'exit codes [0,0]'])
  })

  it.each(['rr', 'none'])('a busy port is told as Node tells it (%s)', async (schedule) => {
    expect((await tracesOf(node, schedule, 'busy'))[0]).toBe('Error: bind EADDRINUSE 127.0.0.1:PORT')
  })

  it("a server that is one worker's alone has a port of its own", async () => {
    expect(await tracesOf(node, 'rr', 'exclusive')).toEqual(['ports 2', 'exit codes [0,0]'])
  })
})
