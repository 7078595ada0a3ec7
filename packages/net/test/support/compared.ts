// One program over node:net and over ours: what it tells must be the same, to the word, on each version of Node.js.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from './nodes.js'
import { traceOf } from './traces.js'

/** Asks it of a program that tells `lines` lines or more. */
export function comparedWithNode(program: URL, lines: number): void {
  afterEach(endChildren)
  describe.each(NODES)('on $name', ({ path }) => {
    it('each event, argument and value is what it is with Node', async () => {
      const file = fileURLToPath(program)
      const [theirs, ours] = await Promise.all([traceOf(path, file, 'node'), traceOf(path, file, 'ours')])
      expect(theirs.length).toBeGreaterThanOrEqual(lines)
      expect(ours).toEqual(theirs)
    })
  })
}
