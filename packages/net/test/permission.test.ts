// Node's permission model holds Node's sockets; ours are held to it as well.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../native-poll/test/support/child.js'
import { leaveNothingBehind } from './support/leaks.js'
import { NODES } from './support/nodes.js'

leaveNothingBehind()
afterEach(endChildren)

const PROGRAM = fileURLToPath(new URL('fixtures/permission.mjs', import.meta.url))
const FLAGS = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', '--no-warnings']

/** Before, the flag has another name. */
const FIRST_WITH_FLAG = 22
const FIRST_WITH_NET = 25

const versions = NODES.map(({ name, path }) => {
  const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  return { name, path, major: Number.parseInt(version, 10) }
}).filter(({ major }) => major >= FIRST_WITH_FLAG)

async function run(node: string, module: 'node' | 'ours', flags: string[]): Promise<string> {
  const child = Child.run(node, [...FLAGS, ...flags, PROGRAM, module])
  expect([await child.awaitExit(), child.errors]).toEqual([0, ''])
  return child.output
}

describe.each(versions)('with --permission on $name', ({ path, major }) => {
  it.each(major >= FIRST_WITH_NET ? [[[]], [['--allow-net']]] : [[[]]])(
    'and %j a program may do what it may with node:net',
    async (flags: string[]) => {
      const isAllowed = major < FIRST_WITH_NET || flags.length > 0
      const ours = await run(path, 'ours', flags)
      expect(ours).toBe(await run(path, 'node', flags))
      expect(ours.includes('ERR_ACCESS_DENIED')).toBe(!isAllowed)
      expect(ours.includes('listening')).toBe(isAllowed)
    },
  )
})
