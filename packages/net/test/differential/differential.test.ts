// Each program of the corpus over node:net and over @pollux/net, on each version of Node: what it saw is the same, but for
// what deviations.mjs names with a reason.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'
import { traceOf } from '../support/traces.js'
import { programsOf } from './corpus.mjs'
import { DEVIATIONS } from './deviations.mjs'

const MAIN = fileURLToPath(new URL('main.mjs', import.meta.url))
type Trace = Record<string, string[]>

afterAll(endChildren)

it('the corpus has a program for each sentence of the documentation', () => {
  expect(programsOf('1000').length).toBeGreaterThanOrEqual(250)
})

it('each deviation is one of a program, and has a reason', () => {
  const names = new Set(programsOf('1000').map(([name]) => name))
  for (const [name, { why }] of Object.entries(DEVIATIONS)) {
    expect(names, name).toContain(name)
    expect(why.length).toBeGreaterThan(20)
  }
})

describe.each(NODES)('on $name', ({ path }) => {
  const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  let theirs: Map<string, Trace>
  let ours: Map<string, Trace>

  beforeAll(async () => {
    ;[theirs, ours] = await Promise.all([tracesOf(path, 'node'), tracesOf(path, 'ours')])
  })

  it.each(programsOf(version).map(([name]) => name))('%s', (name) => {
    const seen = theirs.get(name)
    expect(Object.keys(seen ?? {}), 'what the program tells').not.toEqual([])
    const deviation = DEVIATIONS[name]
    const deviates =
      deviation && (deviation.on ?? [Number.parseInt(version, 10)]).includes(Number.parseInt(version, 10))
    if (deviates) expect(ours.get(name), 'no longer deviates').not.toEqual(seen)
    else expect(ours.get(name)).toEqual(seen)
  })
})

async function tracesOf(node: string, module: 'node' | 'ours'): Promise<Map<string, Trace>> {
  return new Map((await traceOf(node, MAIN, module)) as unknown as [string, Trace][])
}
