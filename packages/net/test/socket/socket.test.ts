// One program over node:net and over ours: what it sees must be the same, to the word, on each version of Node.js.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'
import { traceOf } from '../support/traces.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/socket.mjs', import.meta.url))

afterEach(endChildren)

describe.each(NODES)('on $name', ({ path }) => {
  it('each call, property and event is what it is with Node', async () => {
    const [theirs, ours] = await Promise.all([traceOf(path, PROGRAM, 'node'), traceOf(path, PROGRAM, 'ours')])
    expect(theirs.length).toBeGreaterThan(80)
    expect(ours).toEqual(theirs)
  })
})
