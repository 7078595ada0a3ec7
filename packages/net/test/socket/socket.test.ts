// One program over node:net and over ours: what it sees must be the same, to the word, on each version of Node.js.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'
import { traceOf } from '../support/traces.js'

/** A program of this folder, over node:net and over ours. */
function tracesOf(node: string, program: string): Promise<[theirs: string[], ours: string[]]> {
  const path = fileURLToPath(new URL(`./fixtures/${program}`, import.meta.url))
  return Promise.all([traceOf(node, path, 'node'), traceOf(node, path, 'ours')])
}

afterEach(endChildren)

describe.each(NODES)('on $name', ({ path }) => {
  it('each call, property and event is what it is with Node', async () => {
    const [theirs, ours] = await tracesOf(path, 'socket.mjs')
    expect(theirs.length).toBeGreaterThan(80)
    expect(ours).toEqual(theirs)
  })

  it('listeners that throw, end or destroy the socket lead to what they lead to with Node', async () => {
    const [theirs, ours] = await tracesOf(path, 'listeners.mjs')
    expect(theirs.length).toBeGreaterThan(30)
    expect(ours).toEqual(theirs)
  })
})
