// How long servers keep a process alive, and where they can't go.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'
import { traceOf } from '../support/traces.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/lifetime.mjs', import.meta.url))

afterEach(endChildren)

const told = (trial: string, node = process.execPath) => traceOf(node, PROGRAM, 'ours', trial)

describe('a process', () => {
  it('ends although a server listens that is not referenced', async () => {
    expect(await told('unref')).toEqual(['through'])
  })

  it('goes on while one listens that is', async () => {
    expect(await told('ref')).toEqual(['still there'])
  })

  it('hears what a listener throws as an uncaught exception, and its server goes on', async () => {
    expect(await told('throws')).toEqual(['uncaught first', 'connections 2'])
  })

  it('may serve from a worker thread, which may be terminated', async () => {
    expect(await told('thread')).toEqual(['from a thread'])
  })

  it.each(NODES)(
    'is told by $name that its servers and sockets cannot be sent to a child',
    async ({ path }) => {
      const error = 'TypeError [ERR_INVALID_HANDLE_TYPE]: This handle type cannot be sent'
      expect(await told('ipc', path)).toEqual([
        expect.stringContaining(error),
        expect.stringContaining(error),
      ])
    },
  )
})
